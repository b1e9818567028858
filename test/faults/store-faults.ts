/** Responses of S3 in all its states, and the outcome of the upload. */
import type { Fault, Rule, StoreResponse } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { MIB, THREE_PARTS } from './scenario.js';
import type { Actor, Scenario } from './scenario.js';

const SLOW_RATE = 12 * MIB;

const says = (status: number, code: string, message?: string): Fault => ({
  do: 'answer',
  status,
  body: errorXml(code, message),
});
const expired = (cors: boolean): Fault => ({
  do: 'answer',
  status: 403,
  body: errorXml('AccessDenied', 'Request has expired'),
  cors,
});
const once = (on: Rule['on'], fault: Fault): Rule => ({ on, times: 1, fault });

/** Changes the body of a response. */
const edited = (change: (body: string, marker: number) => string): Fault => ({
  do: 'edit',
  edit: ({ body }: StoreResponse, { target }) => ({
    body: change(body, Number(new URLSearchParams(target.split('?')[1]).get('part-number-marker') ?? 0)),
  }),
});

const PART_NODE = /<Part>[^]*?<\/Part>/g;
/** Keeps only the first part behind the marker of a list. */
function firstAlone(body: string, marker: number): string {
  const parts = [...body.matchAll(PART_NODE)].map(([text]) => ({
    text,
    number: Number(/<PartNumber>(\d+)</.exec(text)![1]),
  }));
  const rest = parts.filter(({ number }) => number > marker);
  const [first] = rest;
  return body
    .replace(PART_NODE, '')
    .replace(/<IsTruncated>.*?</, `<IsTruncated>${rest.length > 1}<`)
    .replace(/<NextPartNumberMarker>.*?</, `<NextPartNumberMarker>${first?.number ?? 0}<`)
    .replace('</ListPartsResult>', `${first?.text ?? ''}</ListPartsResult>`);
}

async function pauseWithTwoParts({ until, call }: Actor): Promise<void> {
  await until(({ parts }) => parts.done >= 2);
  await call('pause');
  await until(({ status }) => status === 'paused');
  await call('resume');
}
/** ListParts is called once a paused upload continues. */
const listed = {
  size: 4 * THREE_PARTS,
  rate: SLOW_RATE,
  act: pauseWithTwoParts,
  attributes: { concurrency: '2' },
} as const;

/** Another client ends the multipart upload while its parts are in flight. */
async function endOnStore({ until, s3, bucket, store }: Actor): Promise<void> {
  const { key, uploadId } = await until(({ parts }) => parts.done >= 1);
  await s3.abort(bucket, key!, uploadId!);
  store.setRate(Infinity);
}

/** Another client's object takes the key first. */
async function putAnother({ until, s3, bucket }: Actor): Promise<void> {
  const { key } = await until(({ key }) => key !== null);
  await s3.put(bucket, key!, 'another');
}

/** Firefox has been seen to re-send unanswered requests by itself, even on a new connection. */
const MAY_REPEAT = { retries: 0 };

export const storeScenarios: readonly Scenario[] = [
  { fault: '403 expired', phase: 'create', store: [once('create', expired(true))] },
  { fault: '403 expired', phase: 'part', store: [{ on: 'part', times: 3, fault: expired(true) }], in: ['ceph'] },
  { fault: '403 expired', phase: 'list', ...listed, store: [once('list', expired(true))] },
  { fault: '403 expired', phase: 'complete', store: [once('complete', expired(true))] },
  { fault: '403 expired', phase: 'whole file', size: 3 * MIB, store: [once('put', expired(true))] },
  { fault: '403 expired without CORS', phase: 'create', store: [once('create', expired(false))] },
  {
    fault: '403 expired without CORS',
    phase: 'part',
    store: [{ on: 'part', times: 3, fault: expired(false) }],
    in: ['ceph'],
  },
  { fault: '403 expired without CORS', phase: 'list', ...listed, store: [once('list', expired(false))] },
  { fault: '403 expired without CORS', phase: 'complete', store: [once('complete', expired(false))] },
  { fault: '403 expired without CORS', phase: 'whole file', size: 3 * MIB, store: [once('put', expired(false))] },
  {
    fault: 'signatures of 3 s that expire for real',
    phase: 'part',
    size: 4 * THREE_PARTS,
    rate: 6 * MIB,
    signerOptions: () => ({ expires: 3 }),
    expects: { retries: 0 },
    in: ['ceph'],
  },
  { fault: 'RequestTimeTooSkewed', phase: 'part', store: [once('part', says(403, 'RequestTimeTooSkewed'))] },
  { fault: 'RequestTimeTooSkewed', phase: 'complete', store: [once('complete', says(403, 'RequestTimeTooSkewed'))] },
  {
    fault: 'another client ends the upload',
    phase: 'part',
    size: 4 * THREE_PARTS,
    rate: SLOW_RATE,
    act: endOnStore,
    in: ['ceph'],
  },
  {
    fault: 'NoSuchUpload',
    phase: 'part',
    store: [once('part', says(404, 'NoSuchUpload'))],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'NoSuchUpload after a lost reply',
    phase: 'complete',
    connectionPerRequest: true,
    store: [
      { on: 'complete', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'complete', nth: 2, fault: says(404, 'NoSuchUpload') },
    ],
    in: ['ceph'],
  },
  { fault: '200 with <Error>', phase: 'complete', store: [once('complete', says(200, 'InternalError'))] },
  {
    fault: '200 with <Error> after it has acted',
    phase: 'complete',
    store: [once('complete', { do: 'answer-after', status: 200, body: errorXml('InternalError') })],
  },
  {
    fault: 'InvalidPart',
    phase: 'complete',
    store: [once('complete', says(400, 'InvalidPart'))],
    expects: { retries: 0 },
  },
  {
    fault: 'InvalidPartOrder',
    phase: 'complete',
    store: [once('complete', says(400, 'InvalidPartOrder'))],
    expects: { retries: 0 },
  },
  {
    fault: 'EntityTooSmall',
    phase: 'complete',
    store: [once('complete', says(400, 'EntityTooSmall'))],
    expects: { retries: 0 },
  },
  { fault: 'BadDigest', phase: 'part', store: [{ on: 'part', times: 2, fault: says(400, 'BadDigest') }] },
  { fault: 'IncompleteBody', phase: 'part', store: [{ on: 'part', times: 2, fault: says(400, 'IncompleteBody') }] },
  { fault: 'RequestTimeout 400', phase: 'part', store: [{ on: 'part', times: 2, fault: says(400, 'RequestTimeout') }] },
  { fault: 'SlowDown', phase: 'part', store: [{ on: 'part', every: 2, times: 4, fault: says(503, 'SlowDown') }] },
  { fault: 'OperationAborted', phase: 'complete', store: [once('complete', says(409, 'OperationAborted'))] },
  {
    fault: 'a list with wrong sizes',
    phase: 'list',
    ...listed,
    store: [
      once(
        'list',
        edited((body) => body.replace(/<Size>(\d+)</, '<Size>1<')),
      ),
    ],
    expects: { resends: true, retries: 0 },
  },
  {
    fault: 'a list with duplicates',
    phase: 'list',
    ...listed,
    store: [
      once(
        'list',
        edited((body) => body.replace(PART_NODE, (part) => part + part)),
      ),
    ],
    expects: { retries: 0 },
  },
  {
    fault: 'a list in pages of 1',
    phase: 'list',
    ...listed,
    store: [{ on: 'list', fault: edited(firstAlone) }],
    expects: { retries: 0 },
  },
  {
    fault: 'a list cut short',
    phase: 'list',
    ...listed,
    store: [
      once(
        'list',
        edited((body) => body.slice(0, body.length / 2)),
      ),
    ],
  },
  {
    fault: 'an empty list',
    phase: 'list',
    ...listed,
    store: [
      once(
        'list',
        edited((body) => body.replace(PART_NODE, '')),
      ),
    ],
    expects: { resends: true, retries: 0 },
  },
  {
    fault: 'truncated XML',
    phase: 'create',
    store: [
      once(
        'create',
        edited((body) => body.slice(0, body.length / 2)),
      ),
    ],
    expects: { leftovers: 1 },
  },
  {
    fault: 'truncated XML',
    phase: 'complete',
    store: [
      once(
        'complete',
        edited((body) => body.slice(0, body.length / 2)),
      ),
    ],
  },
  {
    fault: 'another page in its place',
    phase: 'complete',
    store: [once('complete', { do: 'answer', status: 200, body: '<html>' })],
  },
  {
    fault: 'an empty ETag',
    phase: 'complete',
    store: [
      once(
        'complete',
        edited((body) => body.replace(/<ETag>.*?<\/ETag>/, '<ETag></ETag>')),
      ),
    ],
    expects: { retries: 0 },
    in: ['ceph'],
  },
  {
    fault: '412, and nothing stands there',
    phase: 'complete',
    store: [once('complete', says(412, 'PreconditionFailed'))],
    expects: { retries: 0 },
  },
  {
    fault: '412, and another object stands there',
    phase: 'complete',
    store: [{ on: 'complete', fault: says(412, 'PreconditionFailed') }],
    rate: SLOW_RATE,
    act: putAnother,
    expects: { status: 'failed', error: 'key-exists', retries: 0, leftovers: 'any' },
  },
  {
    fault: '412 after a lost reply',
    phase: 'complete',
    connectionPerRequest: true,
    store: [
      { on: 'complete', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'complete', nth: 2, fault: says(412, 'PreconditionFailed') },
    ],
    expects: MAY_REPEAT,
  },
  {
    fault: '412 after a lost reply',
    phase: 'whole file',
    size: 3 * MIB,
    connectionPerRequest: true,
    store: [
      { on: 'put', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'put', nth: 2, fault: says(412, 'PreconditionFailed') },
    ],
    expects: MAY_REPEAT,
  },
  {
    fault: '409',
    phase: 'complete',
    store: [once('complete', says(409, 'ConditionalRequestConflict'))],
    expects: { leftovers: 'any' },
  },
  { fault: '409', phase: 'whole file', size: 3 * MIB, store: [once('put', says(409, 'ConditionalRequestConflict'))] },
  {
    fault: 'the bucket is gone',
    phase: 'create',
    store: [once('create', says(404, 'NoSuchBucket'))],
    expects: { status: 'failed', error: 'store-refused', retries: 0 },
  },
  {
    fault: 'no CORS headers on three answers',
    phase: 'part',
    store: [{ on: 'part', times: 12, fault: { do: 'answer', status: 200, cors: false } }],
    expects: { reportedError: 'store-blocked' },
  },
];
