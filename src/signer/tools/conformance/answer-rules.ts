/** Rules about every answer of a run: the time, the expiry times, and the signed operations. */
import type { Action, Signed } from '../../../protocol.js';
import { ensure, Fault, toRequest } from './conformance-caller.js';
import type { AnsweredCall } from './conformance-caller.js';
import type { ConformanceRun, Rule } from './conformance-run.js';

export const ANSWER_RULES: readonly Rule[] = [
  { rule: 'every answer that signs contains the signer’s time', check: containsTime },
  { rule: 'expires is in milliseconds, and not later than the signature’s expiry', check: returnsExpiry },
  { rule: 'the signed request is the requested operation', check: signsRequestedOperation },
];

/** Clock difference between signer and store. S3 refuses signatures above 15 minutes. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;
/** Tolerance for times that are rounded to whole seconds. */
const ROUNDING_MS = 2_000;
/** The maximum lifetime of a POST policy. */
const MAX_POLICY_LIFE_MS = 15 * 60_000;

async function containsTime({ observations }: ConformanceRun): Promise<void> {
  for (const { action, answer, receivedAt } of observations.calls) {
    if (action === 'chunk_loaded' || action === 'chunks_loaded') continue;
    const time = answer['time'];
    ensure(
      typeof time === 'number' && Math.abs(time - receivedAt) < 100 * 365 * 86_400_000 && time > 1e12,
      `time must be the signer's clock in milliseconds since 1970; in the answer to ${action} it is ${String(time)}`,
    );
    const skewMs = time - receivedAt - observations.storeSkewMs;
    ensure(
      Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS,
      `time in the answer to ${action} is ${Math.round(skewMs / 1_000)} seconds off the store's clock`,
    );
  }
}

async function returnsExpiry({ observations }: ConformanceRun): Promise<void> {
  for (const call of observations.calls) {
    const time = Number(call.answer['time'] ?? call.receivedAt + observations.storeSkewMs);
    const sharedExpires = call.answer['expires'];
    for (const { what, signed } of signedRequestsIn(call)) {
      const { url, expires = sharedExpires } = toRequest(signed) as { url: string; expires?: unknown };
      if (expires !== undefined) expectExpiry(what, expires, time, expiryOf(url));
    }
    const posts = (call.answer['posts'] ?? {}) as Record<string, { expires?: unknown }>;
    for (const { expires } of Object.values(posts))
      expectExpiry('a POST policy', expires, time, time + MAX_POLICY_LIFE_MS);
  }
}

function expectExpiry(what: string, expires: unknown, time: number, latest: number): void {
  ensure(
    typeof expires === 'number' && expires > time - ROUNDING_MS,
    `expires of ${what} must be a future time in milliseconds since 1970; it is ${String(expires)} at ${time}`,
  );
  ensure(
    expires <= latest + ROUNDING_MS,
    `expires of ${what} is ${Math.round((expires - latest) / 1_000)} seconds later than allowed`,
  );
}

/** Returns when a signed URL expires, in epoch milliseconds; Infinity if it does not contain the time. */
function expiryOf(url: string): number {
  const query = new URL(url).searchParams;
  const date = query.get('X-Amz-Date')?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const end = Date.parse(date ?? '') + Number(query.get('X-Amz-Expires') ?? NaN) * 1_000;
  return Number.isNaN(end) ? Infinity : end;
}

/** An S3 operation as a presigned URL identifies it: by method and query parameters. */
interface Operation {
  /** Names the operation in faults. */
  what: string;
  signed: Signed;
  method: string;
  key: unknown;
  /** Null: the parameter must be absent; undefined: any value is allowed. */
  query: Readonly<Record<'uploads' | 'uploadId' | 'partNumber', string | null | undefined>>;
}

const operation = (what: string, signed: unknown, method: string, key: unknown, query: object = {}): Operation => ({
  what,
  signed: signed as Signed,
  method,
  key,
  query: { uploads: null, uploadId: null, partNumber: null, ...query },
});

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Returns the operations of a window of parts.
 * @param where names the answer in faults
 */
function windowOperations(
  where: string,
  { key, upload_id: uploadId }: JsonObject,
  { list, end, delete: abort, head, chunks }: JsonObject,
): Operation[] {
  return [
    operation(`list of ${where}`, list, 'GET', key, { uploadId }),
    operation(`end of ${where}`, end, 'POST', key, { uploadId }),
    ...(abort === undefined ? [] : [operation(`delete of ${where}`, abort, 'DELETE', key, { uploadId })]),
    ...(head === undefined ? [] : [operation(`head of ${where}`, head, 'HEAD', key)]),
    ...Object.entries((chunks ?? {}) as JsonObject).map(([partNumber, signed]) =>
      operation(`part ${partNumber} of ${where}`, signed, 'PUT', key, { uploadId, partNumber }),
    ),
  ];
}

const OPERATIONS: Readonly<Record<Action, (request: JsonObject, answer: JsonObject) => Operation[]>> = {
  get_init_signature: (_request, { files }) =>
    (Array.isArray(files) ? (files as JsonObject[]) : []).flatMap(({ init, put, all, key, upload_id }) => [
      ...(init === undefined ? [] : [operation('init', init, 'POST', key, { uploads: undefined })]),
      ...(put === undefined ? [] : [operation('put', put, 'PUT', key)]),
      ...(all === undefined ? [] : windowOperations('all', { key, upload_id }, all as JsonObject)),
    ]),
  get_chunk_signature: ({ key, upload_id: uploadId, chunk }, answer) => [
    operation('get_chunk_signature', answer, 'PUT', key, { uploadId, partNumber: String(chunk) }),
  ],
  get_list_signature: ({ key, upload_id: uploadId }, answer) => [
    operation('get_list_signature', answer, 'GET', key, { uploadId }),
  ],
  get_end_signature: ({ key, upload_id: uploadId }, answer) => [
    operation('get_end_signature', answer, 'POST', key, { uploadId }),
  ],
  get_delete_signature: ({ key, upload_id: uploadId }, answer) => [
    operation('get_delete_signature', answer, 'DELETE', key, { uploadId }),
  ],
  get_head_signature: ({ key }, answer) => [operation('get_head_signature', answer, 'HEAD', key)],
  get_all_signatures: (request, answer) => windowOperations('get_all_signatures', request, answer),
  chunk_loaded: () => [],
  chunks_loaded: () => [],
};

/** Returns the signed requests of one answer. Other rules report malformed ones. */
const signedRequestsIn = ({ action, request, answer }: AnsweredCall): Operation[] =>
  OPERATIONS[action](request, answer).filter(
    ({ signed }) => signed !== undefined && signed !== null && URL.canParse(toRequest(signed).url),
  );

async function signsRequestedOperation({ observations }: ConformanceRun): Promise<void> {
  for (const call of observations.calls) {
    for (const found of signedRequestsIn(call)) {
      const difference = findDifference(found);
      if (difference) throw new Fault(`${found.what} ${difference}`);
    }
  }
}

/** Describes how a signed request differs from the requested operation; null if it does not. */
function findDifference({ signed, method, key, query }: Operation): string | null {
  const { method: given, url } = toRequest(signed);
  const { pathname, searchParams } = new URL(url);
  if (given !== method) return `signs ${given}; it must sign ${method}`;
  const path = decodeURIComponent(pathname);
  if (!path.endsWith(`/${String(key)}`)) return `signs ${path}; the key is ${String(key)}`;
  for (const [name, expected] of Object.entries(query)) {
    const value = searchParams.get(name);
    if (expected === null && value !== null) return `signs ${name}=${value}; it must not sign ${name}`;
    if (expected === undefined && value === null) return `does not sign ${name}`;
    if (typeof expected === 'string' && value !== expected)
      return `signs ${name}=${String(value)}; ${expected} was requested`;
  }
  return null;
}
