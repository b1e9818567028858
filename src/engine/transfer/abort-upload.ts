import { sleep } from '../util/timing.js';
import { StoreFault } from '../api/errors.js';
import { backoff } from '../util/timing.js';
import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { TransferHost } from './transfer-host.js';

/** Then the bucket's lifecycle rule has to do it. */
const MOST_TRIES = 6;

/** Aborts a multipart upload that nobody goes on with, so that its parts cost nothing; some tries, and no word. */
export async function discard(host: TransferHost, session: Session): Promise<void> {
  const { clock, lifetime, store, options } = host;
  // those of the upload that goes on are for another upload id
  const signatures = host.makeSignatures();
  const upload = signedUploadOf(session);
  if (!signatures.supports('delete', upload)) return;
  for (let attempt = 1; attempt <= MOST_TRIES && !lifetime.aborted; attempt++) {
    try {
      const signature = await signatures.signRequest('delete', upload, lifetime);
      await store.abortMultipartUpload(signature, {
        signal: lifetime,
        stalls: 0,
        stallTimeout: options.stallTimeout * 1_000,
      });
      return;
    } catch (error) {
      if (error instanceof StoreFault && error.status === 404) return;
      signatures.clear();
      await sleep(clock, backoff(attempt + 2, clock.random()), lifetime).catch(() => {});
    }
  }
}
