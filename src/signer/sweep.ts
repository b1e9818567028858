import type { SignerOptions } from './options/signer-options.js';
import { expect, isIntegerFrom, OptionError } from './util/option-checks.js';
import { resolveOptions } from './options/settings.js';
import { abortMultipartUpload } from './s3/operations.js';
import { createPresigner } from './s3/presign.js';
import type { TrackedUpload } from './tracker/tracker.js';

export interface SweepOptions {
  /**
   * Days without a notice after which an upload counts as abandoned; 8 by default. Browsers remember theirs for 7.
   */
  days?: number;
  /** Uploads in one sweep; 1,000 by default. */
  limit?: number;
}

export interface SweepReport {
  /** Uploads aborted on the store. */
  aborted: number;
  /** Uploads that the store no longer knew. */
  gone: number;
  /** Uploads that the store did not let go, with what it answered; the next sweep tries them again. */
  failed: { key: string; status: number | null }[];
}

const CONCURRENCY = 8;
const ABORT_TIMEOUT_MS = 30_000;

/**
 * Aborts on the store what nobody has touched for days, so that it no longer costs its place there. Takes the options
 * of `createSigner`; the tracker has to be one that lists, as those of this package do.
 * @throws OptionError without such a tracker
 */
export async function sweep(
  options: SignerOptions,
  { days = 8, limit = 1_000 }: SweepOptions = {},
): Promise<SweepReport> {
  const settings = resolveOptions(options);
  const { tracker, bucket } = settings;
  if (!tracker?.stale) throw new OptionError('tracker', 'sweep needs one with stale()');
  expect('days', days, (value) => Number.isFinite(value) && (value as number) > 0, 'above 0 and finite');
  expect('limit', limit, isIntegerFrom(1, 1_000_000), 'a whole number from 1 to 1,000,000');
  const presign = createPresigner(settings.store, settings.region);
  const report: SweepReport = { aborted: 0, gone: 0, failed: [] };

  const before = settings.now() - days * 86_400_000;
  const abort = async ({ key, uploadId, principal }: TrackedUpload): Promise<void> => {
    // its owner may have gone on with it since it was listed; from here on nobody is offered it
    if (tracker.claim && !(await tracker.claim(principal, uploadId, before))) return;
    const terms = { credentials: await settings.credentials(), now: settings.now(), expires: 60 };
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

  const left = await tracker.stale(bucket, before, limit);
  const work = async (): Promise<void> => {
    for (let upload = left.shift(); upload; upload = left.shift()) await abort(upload);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return report;
}
