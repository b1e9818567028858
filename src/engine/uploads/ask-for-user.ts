import { SignerFault } from '../api/errors.js';
import { classifyFailure } from '../network/classify-failure.js';
import type { Clock, JournalRecord, SignerPort } from '../ports.js';
import { principalOf } from '../signing/init-answer.js';
import { backoff, sleep } from '../util/timing.js';

/** The data by which the signer recognises an upload. */
export type KnownUpload = Pick<JournalRecord, 'key' | 'uploadId' | 'grant' | 'size'>;

/**
 * Asks the signer which user is signed in, by an init call for an existing upload; retries until it answers or refuses.
 * @param isCurrent whether the answer is still wanted
 * @param identify receives the user; undefined if the signer does not say
 * @returns false if the signer refused to answer
 */
export async function askForUser(
  { signer, clock, lifetime }: { signer: SignerPort; clock: Clock; lifetime: AbortSignal },
  { key, uploadId, grant, size }: KnownUpload,
  isCurrent: () => boolean,
  identify: (user: string | null | undefined) => void,
): Promise<boolean> {
  // a placeholder, because another user may have chosen the file
  const file = { id: 'who', filename: 'who', filesize: size, last_modified: 0, content_type: '' };
  const reference = grant !== null && key !== null && { grant, key, upload_id: uploadId ?? undefined };
  for (let attempt = 1; isCurrent(); attempt++) {
    try {
      const answer = await signer.call('get_init_signature', { files: [{ ...file, ...reference }] }, lifetime);
      if (isCurrent()) identify(principalOf(answer));
      return true;
    } catch (error) {
      // the signer refuses until the user has signed in; its answer for the next upload then names the user
      if (!(error instanceof SignerFault) || classifyFailure(error, 'init').kind !== 'again') return false;
      await sleep(clock, backoff(attempt, clock.random()), lifetime);
    }
  }
  return true;
}
