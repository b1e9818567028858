/** Compares an upload's outcome with its scenario: above all the bytes in the store. */
import type { SeenRequest } from '../../demo/faults/index.js';
import { BUCKET } from '../e2e/harness.js';
import type { S3Client } from '../servers/s3-client.js';
import type { Bench } from './bench.js';
import type { Report } from './lab-page.js';
import type { Catcher, Scenario } from './scenario.js';

/** Milliseconds to wait until nothing is left in the store: an abort may still be in flight. */
const CLEANUP_TIMEOUT_MS = 40_000;
/** Reasons printed with a failure. */
const MAX_REASONS = 30;
/** Milliseconds between an event in the proxy and in the page. */
const EVENT_TOLERANCE_MS = 1_000;

interface Case {
  scenario: Scenario;
  bench: Bench;
  s3: S3Client;
  report: Report;
  file: { size: number; sha256: string };
}

const partOf = ({ uploadId, partNumber, key }: SeenRequest): string => `${key} ${uploadId} ${partNumber}`;
const carriesPart = ({ kind, bytes }: SeenRequest): boolean => kind === 'part' && bytes > 0;

/** Parts whose bytes were sent more than once. */
export function partsSentTwice(requests: readonly SeenRequest[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const request of requests.filter(carriesPart)) {
    const part = partOf(request);
    if (seen.has(part)) twice.add(part);
    seen.add(part);
  }
  return [...twice];
}

/**
 * Returns parts that were sent again although the browser had the store's confirmation. A response that was written
 * while the page saw nothing move does not count: on a busy machine a browser's own processes deliver it late.
 */
function confirmedPartsSentAgain({ bench, report }: Case): string[] {
  const wasTooLate = ({ partNumber }: SeenRequest, delivered: number): boolean =>
    report.stalls.some(
      (stall) =>
        stall.partNumber === partNumber
        && delivered > stall.from - EVENT_TOLERANCE_MS
        && delivered < stall.until + EVENT_TOLERANCE_MS,
    );
  const again = new Set<string>();
  const confirmed = new Map<string, number>();
  for (const request of bench.store.requests.filter(carriesPart)) {
    const { status, deliveredAt, startedAt } = request;
    const before = confirmed.get(partOf(request));
    if (before !== undefined && startedAt > before) again.add(partOf(request));
    if (status === 200 && deliveredAt !== null && before === undefined && !wasTooLate(request, deliveredAt))
      confirmed.set(partOf(request), deliveredAt);
  }
  return [...again];
}

/** Returns the milliseconds from the end of the outage to the first byte of a part. */
export function timeToFirstByte({ outageEndedAt, requests }: Bench['store']): number | null {
  if (outageEndedAt === null) return null;
  const first = requests
    .filter((request) => carriesPart(request) && request.startedAt >= outageEndedAt)
    .reduce((least, { firstByteAt }) => Math.min(least, firstByteAt ?? Infinity), Infinity);
  return first < Infinity ? first - outageEndedAt : null;
}

/** Returns who detected wrong bytes: the store by an error, or else the page. */
export function catcherOf({ scenario, bench, report }: Pick<Case, 'scenario' | 'bench' | 'report'>): Catcher | null {
  if (!scenario.expects?.caughtBy) return null;
  const isRefusal = ({ kind, status }: SeenRequest): boolean =>
    ['part', 'put', 'post', 'complete'].includes(kind) && (status === 400 || status === 403);
  if (bench.store.requests.some(isRefusal)) return 'store';
  return report.retries.some((reason) => reason.includes('other bytes')) ? 'page' : 'nobody';
}

async function leftoversOf({ bench, s3 }: Case, wanted: number): Promise<number> {
  const ids = new Set(bench.store.requests.map(({ uploadId }) => uploadId));
  const keys = new Set(bench.store.requests.map(({ key }) => key));
  for (const end = Date.now() + CLEANUP_TIMEOUT_MS; ;) {
    const uploads = await s3.listUploads(BUCKET);
    const left = uploads.filter(({ key, uploadId }) => ids.has(uploadId) || keys.has(key)).length;
    if (left <= wanted || Date.now() > end) return left;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function* objectFailures({ scenario, report, s3, file }: Case): AsyncGenerator<string> {
  const { upload } = report;
  const { sha256, size } = await s3.digest(BUCKET, upload!.key!);
  if (size !== file.size) yield `${size} of ${file.size} bytes are in the store`;
  else if ((sha256 === file.sha256) === (scenario.expects?.caughtBy === 'nobody'))
    yield `the store holds ${sha256 === file.sha256 ? 'the bytes of' : 'other bytes than'} the file`;
  const { integrity } = scenario.expects ?? {};
  if (integrity && upload!.integrity !== integrity) yield `${upload!.integrity} instead of ${integrity}`;
  const etag = (await s3.head(BUCKET, upload!.key!)).headers.get('etag')?.replaceAll('"', '');
  if (upload!.etag !== null && upload!.etag !== etag) yield `ETag ${upload!.etag}, and ${etag} in the store`;
  if (upload!.loaded !== file.size || upload!.ratio !== 1) yield `loaded ${upload!.loaded} at the end`;
}

/** Yields everything that does not match the scenario. */
export async function* failuresOf(one: Case): AsyncGenerator<string> {
  const { scenario, bench, report } = one;
  const expects = scenario.expects ?? {};
  const {
    status = 'complete',
    error,
    reportedError,
    optionalErrors = [],
    retries = 1,
    resends,
    leftovers = 0,
  } = expects;
  const { upload } = report;
  if (upload?.status !== status) {
    yield `${upload?.status}${upload?.waitingFor ? ` for ${upload.waitingFor}` : ''} instead of ${status}: ${report.messages.join(' | ')} | ${report.retries.slice(-3).join(' | ')}`;
    return;
  }
  if (status === 'complete') yield* objectFailures(one);
  const caughtBy = catcherOf(one);
  if (caughtBy !== (expects.caughtBy ?? null)) yield `caught by ${caughtBy} instead of ${expects.caughtBy}`;
  if (error && report.errorCodes.at(-1) !== error) yield `error ${report.errorCodes.at(-1)} instead of ${error}`;
  const unexpected = report.errorCodes.filter((code) => ![error, reportedError, ...optionalErrors].includes(code));
  if (unexpected.length) yield `reported ${report.messages.join(' | ')}`;
  if (reportedError && !report.errorCodes.includes(reportedError)) yield `did not report ${reportedError}`;
  if (report.retries.length < retries) yield `${report.retries.length} retries instead of at least ${retries}`;
  if (report.backwards) yield `progress ran backwards ${report.backwards} times`;
  if (report.beyond) yield `progress ran beyond the size ${report.beyond} times`;
  const again = resends ? [] : confirmedPartsSentAgain(one);
  if (again.length)
    yield `sent again what the store had confirmed: ${again.join(', ')}: ${report.retries.slice(-MAX_REASONS).join(' | ')}`;
  if (leftovers !== 'any') {
    const left = await leftoversOf(one, leftovers);
    if (left !== leftovers) yield `${left} multipart uploads left over instead of ${leftovers}`;
  }
  const counts = [...bench.store.appliedCounts, ...bench.signer.appliedCounts];
  if (!scenario.mayMiss && counts.some((count) => count === 0)) yield `a fault never applied: ${counts.join(', ')}`;
}
