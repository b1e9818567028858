/** Compares the result of an upload with its scenario: the bytes in the store, the events, and the requests. */
import type { SeenRequest } from '../../demo/faults/index.js';
import { BUCKET } from '../e2e/harness.js';
import type { S3Client } from '../servers/s3-client.js';
import type { ScenarioServers } from './scenario-servers.js';
import type { Report } from './lab-page.js';
import type { Detector, Scenario } from './scenario.js';

/** Timeout for the store to have no unfinished multipart upload: an abort may still be in flight. */
const CLEANUP_TIMEOUT_MS = 40_000;
/** Reasons printed with a failure. */
const MAX_REASONS = 30;
/** The maximum difference between the time of an event in the proxy and in the page. */
const EVENT_TOLERANCE_MS = 1_000;

interface Outcome {
  scenario: Scenario;
  servers: ScenarioServers;
  s3: S3Client;
  report: Report;
  file: { size: number; sha256: string };
}

const partOf = ({ uploadId, partNumber, key }: SeenRequest): string => `${key} ${uploadId} ${partNumber}`;
const hasPartBytes = ({ kind, bytes }: SeenRequest): boolean => kind === 'part' && bytes > 0;

/** Returns parts whose bytes were sent more than once. */
export function resentParts(requests: readonly SeenRequest[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const request of requests.filter(hasPartBytes)) {
    const part = partOf(request);
    if (seen.has(part)) twice.add(part);
    seen.add(part);
  }
  return [...twice];
}

/**
 * Returns parts that were sent again although the browser had received the store's confirmation. Confirmations during a
 * stall do not count: on a busy machine the browser may have received them, but not yet delivered them to the page.
 */
function resentConfirmedParts({ servers, report }: Outcome): string[] {
  const arrivedDuringStall = ({ partNumber }: SeenRequest, delivered: number): boolean =>
    report.stalls.some(
      (stall) =>
        stall.partNumber === partNumber
        && delivered > stall.from - EVENT_TOLERANCE_MS
        && delivered < stall.until + EVENT_TOLERANCE_MS,
    );
  const again = new Set<string>();
  const confirmed = new Map<string, number>();
  for (const request of servers.store.requests.filter(hasPartBytes)) {
    const { status, deliveredAt, startedAt } = request;
    const confirmedAt = confirmed.get(partOf(request));
    if (confirmedAt !== undefined && startedAt > confirmedAt) again.add(partOf(request));
    if (
      status === 200
      && deliveredAt !== null
      && confirmedAt === undefined
      && !arrivedDuringStall(request, deliveredAt)
    )
      confirmed.set(partOf(request), deliveredAt);
  }
  return [...again];
}

/** Returns the milliseconds from the end of the outage to the first byte of a part; null without an outage. */
export function timeToFirstByte({ outageEndedAt, requests }: ScenarioServers['store']): number | null {
  if (outageEndedAt === null) return null;
  const first = requests
    .filter((request) => hasPartBytes(request) && request.startedAt >= outageEndedAt)
    .reduce((least, { firstByteAt }) => Math.min(least, firstByteAt ?? Infinity), Infinity);
  return first < Infinity ? first - outageEndedAt : null;
}

/** Returns who detected corrupted bytes: the store by an error, or else the page; null if the scenario corrupts none. */
export function detectorOf({
  scenario,
  servers,
  report,
}: Pick<Outcome, 'scenario' | 'servers' | 'report'>): Detector | null {
  if (!scenario.expects?.detectedBy) return null;
  const isRefusal = ({ kind, status }: SeenRequest): boolean =>
    ['part', 'put', 'post', 'complete'].includes(kind) && (status === 400 || status === 403);
  if (servers.store.requests.some(isRefusal)) return 'store';
  return report.retries.some((reason) => reason.includes('other bytes')) ? 'page' : 'nobody';
}

async function countLeftovers({ servers, s3 }: Outcome, expected: number): Promise<number> {
  const ids = new Set(servers.store.requests.map(({ uploadId }) => uploadId));
  const keys = new Set(servers.store.requests.map(({ key }) => key));
  for (const end = Date.now() + CLEANUP_TIMEOUT_MS; ;) {
    const uploads = await s3.listUploads(BUCKET);
    const left = uploads.filter(({ key, uploadId }) => ids.has(uploadId) || keys.has(key)).length;
    if (left <= expected || Date.now() > end) return left;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function* objectFailures({ scenario, report, s3, file }: Outcome): AsyncGenerator<string> {
  const { upload } = report;
  const { sha256, size } = await s3.digest(BUCKET, upload!.key!);
  if (size !== file.size) yield `${size} of ${file.size} bytes are in the store`;
  else if ((sha256 === file.sha256) === (scenario.expects?.detectedBy === 'nobody'))
    yield `the store holds ${sha256 === file.sha256 ? 'the bytes of' : 'other bytes than'} the file`;
  const { integrity } = scenario.expects ?? {};
  if (integrity && upload!.integrity !== integrity) yield `${upload!.integrity} instead of ${integrity}`;
  const etag = (await s3.head(BUCKET, upload!.key!)).headers.get('etag')?.replaceAll('"', '');
  if (upload!.etag !== null && upload!.etag !== etag) yield `ETag ${upload!.etag}, and ${etag} in the store`;
  if (upload!.loaded !== file.size || upload!.ratio !== 1) yield `loaded ${upload!.loaded} at the end`;
}

/** Yields a message for each expectation of the scenario that is not met. */
export async function* failuresOf(outcome: Outcome): AsyncGenerator<string> {
  const { scenario, servers, report } = outcome;
  const expects = scenario.expects ?? {};
  const {
    status = 'complete',
    error,
    reportedError,
    optionalErrors = [],
    minRetries = 1,
    mayResend,
    leftovers = 0,
  } = expects;
  const { upload } = report;
  if (upload?.status !== status) {
    yield `${upload?.status}${upload?.waitingFor ? ` for ${upload.waitingFor}` : ''} instead of ${status}: ${report.messages.join(' | ')} | ${report.retries.slice(-3).join(' | ')}`;
    return;
  }
  if (status === 'complete') yield* objectFailures(outcome);
  const detectedBy = detectorOf(outcome);
  if (detectedBy !== (expects.detectedBy ?? null)) yield `caught by ${detectedBy} instead of ${expects.detectedBy}`;
  if (error && report.errorCodes.at(-1) !== error) yield `error ${report.errorCodes.at(-1)} instead of ${error}`;
  const unexpected = report.errorCodes.filter((code) => ![error, reportedError, ...optionalErrors].includes(code));
  if (unexpected.length) yield `reported ${report.messages.join(' | ')}`;
  if (reportedError && !report.errorCodes.includes(reportedError)) yield `did not report ${reportedError}`;
  if (report.retries.length < minRetries) yield `${report.retries.length} retries instead of at least ${minRetries}`;
  if (report.progressDecreases) yield `progress decreased ${report.progressDecreases} times`;
  if (report.progressOverruns) yield `progress exceeded the size ${report.progressOverruns} times`;
  const again = mayResend ? [] : resentConfirmedParts(outcome);
  if (again.length)
    yield `sent again what the store had confirmed: ${again.join(', ')}: ${report.retries.slice(-MAX_REASONS).join(' | ')}`;
  if (leftovers !== 'any') {
    const left = await countLeftovers(outcome, leftovers);
    if (left !== leftovers) yield `${left} multipart uploads left over instead of ${leftovers}`;
  }
  const counts = [...servers.store.appliedCounts, ...servers.signer.appliedCounts];
  if (!scenario.areRulesOptional && counts.some((count) => count === 0))
    yield `a fault never applied: ${counts.join(', ')}`;
}
