/** Scenarios with error responses and unusual responses of S3. */
import type { Fault, Rule, StoreResponse } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { MIB, THREE_PARTS_SIZE } from './scenario.js';
import type { ActionContext, Scenario } from './scenario.js';

const SLOW_RATE = 12 * MIB;

const errorResponse = (status: number, code: string, message?: string): Fault => ({
  do: 'answer',
  status,
  body: errorXml(code, message),
});
const expiredResponse = (cors: boolean): Fault => ({
  do: 'answer',
  status: 403,
  body: errorXml('AccessDenied', 'Request has expired'),
  cors,
});
const once = (on: Rule['on'], fault: Fault): Rule => ({ on, times: 1, fault });

/** Returns a fault that changes the body of a response. @param change gets the body and the request's part-number-marker */
const editBody = (change: (body: string, marker: number) => string): Fault => ({
  do: 'edit',
  edit: ({ body }: StoreResponse, { target }) => ({
    body: change(body, Number(new URLSearchParams(target.split('?')[1]).get('part-number-marker') ?? 0)),
  }),
});

const PART_NODE = /<Part>[^]*?<\/Part>/g;
/** Changes a list of parts into a page of one: the first part after the marker. */
function keepFirstPart(body: string, marker: number): string {
  const parts = [...body.matchAll(PART_NODE)].map(([text]) => ({
    text,
    number: Number(/<PartNumber>(\d+)</.exec(text)![1]),
  }));
  const laterParts = parts.filter(({ number }) => number > marker);
  const [first] = laterParts;
  return body
    .replace(PART_NODE, '')
    .replace(/<IsTruncated>.*?</, `<IsTruncated>${laterParts.length > 1}<`)
    .replace(/<NextPartNumberMarker>.*?</, `<NextPartNumberMarker>${first?.number ?? 0}<`)
    .replace('</ListPartsResult>', `${first?.text ?? ''}</ListPartsResult>`);
}

async function pauseWithTwoParts({ until, call }: ActionContext): Promise<void> {
  await until(({ parts }) => parts.done >= 2);
  await call('pause');
  await until(({ status }) => status === 'paused');
  await call('resume');
}
/** The upload calls ListParts when it resumes. */
const pausedAndListed = {
  size: 4 * THREE_PARTS_SIZE,
  rate: SLOW_RATE,
  action: pauseWithTwoParts,
  attributes: { concurrency: '2' },
} as const;

/** Another client aborts the multipart upload while its parts are in flight. */
async function abortOnStore({ until, s3, bucket, store }: ActionContext): Promise<void> {
  const { key, uploadId } = await until(({ parts }) => parts.done >= 1);
  await s3.abort(bucket, key!, uploadId!);
  store.setRate(Infinity);
}

/** Another client stores an object under the same key first. */
async function putAnotherObject({ until, s3, bucket }: ActionContext): Promise<void> {
  const { key } = await until(({ key }) => key !== null);
  await s3.put(bucket, key!, 'another');
}

/** Firefox sometimes re-sends an unanswered request by itself, even on a new connection; the upload then needs no retry. */
const RETRIES_OPTIONAL = { minRetries: 0 };

export const storeScenarios: readonly Scenario[] = [
  { fault: '403 expired', phase: 'create', store: [once('create', expiredResponse(true))] },
  {
    fault: '403 expired',
    phase: 'part',
    store: [{ on: 'part', times: 3, fault: expiredResponse(true) }],
    includedIn: ['ceph'],
  },
  { fault: '403 expired', phase: 'list', ...pausedAndListed, store: [once('list', expiredResponse(true))] },
  { fault: '403 expired', phase: 'complete', store: [once('complete', expiredResponse(true))] },
  { fault: '403 expired', phase: 'whole file', size: 3 * MIB, store: [once('put', expiredResponse(true))] },
  { fault: '403 expired without CORS', phase: 'create', store: [once('create', expiredResponse(false))] },
  {
    fault: '403 expired without CORS',
    phase: 'part',
    store: [{ on: 'part', times: 3, fault: expiredResponse(false) }],
    includedIn: ['ceph'],
  },
  {
    fault: '403 expired without CORS',
    phase: 'list',
    ...pausedAndListed,
    store: [once('list', expiredResponse(false))],
  },
  { fault: '403 expired without CORS', phase: 'complete', store: [once('complete', expiredResponse(false))] },
  {
    fault: '403 expired without CORS',
    phase: 'whole file',
    size: 3 * MIB,
    store: [once('put', expiredResponse(false))],
  },
  {
    fault: 'signatures of 3 s that expire for real',
    phase: 'part',
    size: 4 * THREE_PARTS_SIZE,
    rate: 6 * MIB,
    signerOptions: () => ({ expires: 3 }),
    expects: { minRetries: 0 },
    includedIn: ['ceph'],
  },
  { fault: 'RequestTimeTooSkewed', phase: 'part', store: [once('part', errorResponse(403, 'RequestTimeTooSkewed'))] },
  {
    fault: 'RequestTimeTooSkewed',
    phase: 'complete',
    store: [once('complete', errorResponse(403, 'RequestTimeTooSkewed'))],
  },
  {
    fault: 'another client aborts the upload',
    phase: 'part',
    size: 4 * THREE_PARTS_SIZE,
    rate: SLOW_RATE,
    action: abortOnStore,
    includedIn: ['ceph'],
  },
  {
    fault: 'NoSuchUpload',
    phase: 'part',
    store: [once('part', errorResponse(404, 'NoSuchUpload'))],
    expects: { leftovers: 'any' },
  },
  {
    fault: 'NoSuchUpload after a lost reply',
    phase: 'complete',
    connectionPerRequest: true,
    store: [
      { on: 'complete', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'complete', nth: 2, fault: errorResponse(404, 'NoSuchUpload') },
    ],
    // Firefox may send the first request again by itself
    expects: { minRetries: 0 },
    includedIn: ['ceph'],
  },
  { fault: '200 with <Error>', phase: 'complete', store: [once('complete', errorResponse(200, 'InternalError'))] },
  {
    fault: '200 with <Error> after it has acted',
    phase: 'complete',
    store: [once('complete', { do: 'answer-after', status: 200, body: errorXml('InternalError') })],
  },
  {
    fault: 'InvalidPart',
    phase: 'complete',
    store: [once('complete', errorResponse(400, 'InvalidPart'))],
    expects: { minRetries: 0 },
  },
  {
    fault: 'InvalidPartOrder',
    phase: 'complete',
    store: [once('complete', errorResponse(400, 'InvalidPartOrder'))],
    expects: { minRetries: 0 },
  },
  {
    fault: 'EntityTooSmall',
    phase: 'complete',
    store: [once('complete', errorResponse(400, 'EntityTooSmall'))],
    expects: { minRetries: 0 },
  },
  { fault: 'BadDigest', phase: 'part', store: [{ on: 'part', times: 2, fault: errorResponse(400, 'BadDigest') }] },
  {
    fault: 'IncompleteBody',
    phase: 'part',
    store: [{ on: 'part', times: 2, fault: errorResponse(400, 'IncompleteBody') }],
  },
  {
    fault: 'RequestTimeout 400',
    phase: 'part',
    store: [{ on: 'part', times: 2, fault: errorResponse(400, 'RequestTimeout') }],
  },
  {
    fault: 'SlowDown',
    phase: 'part',
    store: [{ on: 'part', every: 2, times: 4, fault: errorResponse(503, 'SlowDown') }],
  },
  { fault: 'OperationAborted', phase: 'complete', store: [once('complete', errorResponse(409, 'OperationAborted'))] },
  {
    fault: 'a list with wrong sizes',
    phase: 'list',
    ...pausedAndListed,
    store: [
      once(
        'list',
        editBody((body) => body.replace(/<Size>(\d+)</, '<Size>1<')),
      ),
    ],
    expects: { mayResend: true, minRetries: 0 },
  },
  {
    fault: 'a list with duplicates',
    phase: 'list',
    ...pausedAndListed,
    store: [
      once(
        'list',
        editBody((body) => body.replace(PART_NODE, (part) => part + part)),
      ),
    ],
    expects: { minRetries: 0 },
  },
  {
    fault: 'a list in pages of 1',
    phase: 'list',
    ...pausedAndListed,
    store: [{ on: 'list', fault: editBody(keepFirstPart) }],
    expects: { minRetries: 0 },
  },
  {
    fault: 'a list cut short',
    phase: 'list',
    ...pausedAndListed,
    store: [
      once(
        'list',
        editBody((body) => body.slice(0, body.length / 2)),
      ),
    ],
  },
  {
    fault: 'an empty list',
    phase: 'list',
    ...pausedAndListed,
    store: [
      once(
        'list',
        editBody((body) => body.replace(PART_NODE, '')),
      ),
    ],
    expects: { mayResend: true, minRetries: 0 },
  },
  {
    fault: 'truncated XML',
    phase: 'create',
    store: [
      once(
        'create',
        editBody((body) => body.slice(0, body.length / 2)),
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
        editBody((body) => body.slice(0, body.length / 2)),
      ),
    ],
  },
  {
    fault: 'an HTML page instead of the response',
    phase: 'complete',
    store: [once('complete', { do: 'answer', status: 200, body: '<html>' })],
  },
  {
    fault: 'an empty ETag',
    phase: 'complete',
    store: [
      once(
        'complete',
        editBody((body) => body.replace(/<ETag>.*?<\/ETag>/, '<ETag></ETag>')),
      ),
    ],
    expects: { minRetries: 0 },
    includedIn: ['ceph'],
  },
  {
    fault: '412, although no object has the key',
    phase: 'complete',
    store: [once('complete', errorResponse(412, 'PreconditionFailed'))],
    expects: { minRetries: 0 },
  },
  {
    fault: '412, because another object has the key',
    phase: 'complete',
    store: [{ on: 'complete', fault: errorResponse(412, 'PreconditionFailed') }],
    rate: SLOW_RATE,
    action: putAnotherObject,
    expects: { status: 'failed', error: 'key-exists', minRetries: 0, leftovers: 'any' },
  },
  {
    fault: '412 after a lost reply',
    phase: 'complete',
    connectionPerRequest: true,
    store: [
      { on: 'complete', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'complete', nth: 2, fault: errorResponse(412, 'PreconditionFailed') },
    ],
    expects: RETRIES_OPTIONAL,
  },
  {
    fault: '412 after a lost reply',
    phase: 'whole file',
    size: 3 * MIB,
    connectionPerRequest: true,
    store: [
      { on: 'put', nth: 1, fault: { do: 'lose-reply' } },
      { on: 'put', nth: 2, fault: errorResponse(412, 'PreconditionFailed') },
    ],
    expects: RETRIES_OPTIONAL,
  },
  {
    fault: '409',
    phase: 'complete',
    store: [once('complete', errorResponse(409, 'ConditionalRequestConflict'))],
    expects: { leftovers: 'any' },
  },
  {
    fault: '409',
    phase: 'whole file',
    size: 3 * MIB,
    store: [once('put', errorResponse(409, 'ConditionalRequestConflict'))],
  },
  {
    fault: 'the bucket is gone',
    phase: 'create',
    store: [once('create', errorResponse(404, 'NoSuchBucket'))],
    expects: { status: 'failed', error: 'store-refused', minRetries: 0 },
  },
  {
    fault: 'no CORS headers on three answers',
    phase: 'part',
    store: [{ on: 'part', times: 12, fault: { do: 'answer', status: 200, cors: false } }],
    expects: { reportedError: 'store-blocked' },
  },
];
