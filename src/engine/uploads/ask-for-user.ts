import { SignerFault } from '../api/errors.js';
import { classifyFailure } from '../network/classify-failure.js';
import type { Clock, JournalRecord, SignerPort } from '../ports.js';
import { principalOf } from '../signing/init-answer.js';
import { backoff, sleep } from '../util/timing.js';
import type { UploadList } from './upload-list.js';

/** The data by which the signer recognises an upload, and decides whether it would accept it. */
export type KnownUpload = Pick<JournalRecord, 'key' | 'uploadId' | 'grant' | 'name' | 'size' | 'type'>;

/**
 * Asks the signer which user is signed in, by an init call for an existing upload; retries until it answers or refuses.
 * @param isCurrent whether the answer is still wanted
 * @param identify receives the user; undefined if the signer does not say
 * @returns false if no retry can get an answer; true also if the answer is no longer wanted
 */
export async function askForUser(
  { signer, clock, lifetime }: { signer: SignerPort; clock: Clock; lifetime: AbortSignal },
  { key, uploadId, grant, name, size, type }: KnownUpload,
  isCurrent: () => boolean,
  identify: (user: string | null | undefined) => void,
): Promise<boolean> {
  const reference = grant !== null && key !== null && { grant, key, upload_id: uploadId ?? undefined };
  const file = {
    id: 'who',
    // without the file's name, which may be another user's; with its extension, because the signer may refuse others
    filename: `who${/(\.\w+)?$/.exec(name)![0]}`,
    // the signer may create a multipart upload for a large file that it does not know
    filesize: reference ? size : 1,
    last_modified: clock.now(),
    content_type: type || 'application/octet-stream',
  };
  for (let attempt = 1; isCurrent(); attempt++) {
    try {
      const answer = await signer.call('get_init_signature', { files: [{ ...file, ...reference }] }, lifetime);
      if (isCurrent()) identify(principalOf(answer));
      return true;
    } catch (error) {
      // the signer refuses until the user has signed in; its answer for the next upload then names the user
      if (!(error instanceof SignerFault) || classifyFailure(error, 'init').kind !== 'retry') return false;
      await sleep(clock, backoff(attempt, clock.random()), lifetime);
    }
  }
  return true;
}

/**
 * Asks the signer whether the same user is still signed in, by an upload of the list if one has a grant.
 * @see askForUser
 */
export function confirmUser(
  services: Parameters<typeof askForUser>[0] & { readonly list: UploadList },
  isCurrent: () => boolean,
  identify: (user: string | null | undefined) => void,
): Promise<boolean> {
  const uploadWithGrant = services.list.all.find(({ session }) => session?.grant);
  const { key = null, uploadId = null, grant = null } = uploadWithGrant?.session ?? {};
  const { name = '', size = 1, type = '' } = uploadWithGrant?.facts ?? {};
  return askForUser(services, { key, uploadId, grant, name, size, type }, isCurrent, identify);
}
