import type { SignerOptions } from './options/signer-options.js';
import { expect, isIntegerFrom, OptionError } from './util/option-checks.js';
import { resolveOptions } from './options/settings.js';
import { abortMultipartUpload } from './s3/operations.js';
import { createPresigner } from './s3/presign.js';
import { mapWithLimit } from './util/map-with-limit.js';
import type { TrackedUpload } from './tracker/tracker.js';

export interface SweepOptions {
  /**
   * Days without activity after which an upload is abandoned; 8 by default. Browsers keep unfinished uploads for 7.
   */
  days?: number;
  /** Maximum number of uploads in one sweep; 1,000 by default. */
  limit?: number;
}

export interface SweepReport {
  /** Uploads aborted in the store. */
  aborted: number;
  /** Uploads that no longer existed in the store. */
  gone: number;
  /** Uploads that could not be aborted, with the store's status; null if it did not answer. The next sweep retries. */
  failed: { key: string; status: number | null }[];
  /** Whether the sweep reached its `limit`, so that another one may find more. */
  hasMore: boolean;
}

const CONCURRENCY = 8;
const ABORT_TIMEOUT_MS = 30_000;

/**
 * Aborts abandoned multipart uploads that the tracker knows, so that their parts no longer use storage. The longest inactive
 * come first, and last those that an earlier sweep could not abort.
 * @param options as for `createSigner`; the tracker must implement `stale`, as those of this package do
 * @throws OptionError for an invalid option, and without such a tracker
 */
export async function sweep(
  options: SignerOptions,
  { days = 8, limit = 1_000 }: SweepOptions = {},
): Promise<SweepReport> {
  const settings = resolveOptions(options);
  const { tracker, bucket, storeId } = settings;
  if (!tracker?.stale) throw new OptionError('tracker', 'sweep needs a tracker that implements stale()');
  expect('days', days, (value) => Number.isFinite(value) && (value as number) > 0, 'a finite number above 0');
  expect('limit', limit, isIntegerFrom(1, 1_000_000), 'a whole number from 1 to 1,000,000');
  const presign = createPresigner(settings.store, settings.region);
  const report: SweepReport = { aborted: 0, gone: 0, failed: [], hasMore: false };

  const before = settings.now() - days * 86_400_000;
  const abort = async ({ key, uploadId, principal }: TrackedUpload): Promise<void> => {
    // its owner may have resumed it since it was listed; a claimed upload is not offered for resumption
    if (tracker.claim && !(await tracker.claim(principal, uploadId, before))) return;
    const terms = { credentials: await settings.credentials(), now: settings.now(), lifetimeS: 60 };
    const { method, url } = await presign(abortMultipartUpload(key, uploadId), terms);
    const answer = await settings
      .fetch(url, { method, signal: AbortSignal.timeout(ABORT_TIMEOUT_MS) })
      .catch(() => null);
    await answer?.body?.cancel();
    if (!answer || !(answer.ok || answer.status === 404)) {
      report.failed.push({ key, status: answer?.status ?? null });
      await tracker.release?.(principal, uploadId, before);
      return;
    }
    report[answer.ok ? 'aborted' : 'gone'] += 1;
    await tracker.forget(principal, uploadId, 'aborted');
  };

  const abandoned = await tracker.stale(bucket, before, limit, storeId);
  report.hasMore = abandoned.length >= limit;
  await mapWithLimit(abandoned, CONCURRENCY, abort);
  return report;
}
