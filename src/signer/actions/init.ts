/** `get_init_signature`: what may be uploaded, under which key, in parts of which size. */
import type { Action, InitAnswer, InitAnswerFile, InitRefused } from '../../protocol.js';
import { parseInitBody } from '../http/request-bodies.js';
import type { ParsedFile } from '../http/request-bodies.js';
import { cleanName } from '../policy/object-keys.js';
import { PolicyError } from '../policy/policy-error.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { acceptsNotices } from './call-context.js';
import { answerFile } from './init-file.js';
import { PostPolicyBatch } from './post-batch.js';
import { TrackerError } from './tracked-upload.js';

/**
 * Answers for a batch of files. One that is refused, or for which the policy's own functions fail, does not hold up the
 * others.
 */
export async function init(call: Call, body: unknown): Promise<InitAnswer> {
  const { policy } = call.settings;
  const files = parseInitBody(body, policy.maxFiles);
  const batch = new PostPolicyBatch();
  const answers = await answerAll(call, batch, files);
  const posts = await batch.sign(call);
  return {
    time: call.now,
    actions: offeredActions(call),
    limits: { files: policy.maxFiles },
    // null: nobody has to sign in here, or the call would have been refused
    principal: call.principalHash,
    ...(posts ? { posts } : {}),
    files: answers,
  };
}

function offeredActions({ settings }: Call): Action[] {
  const actions: Action[] = ['get_all_signatures', 'get_delete_signature', 'get_head_signature'];
  return acceptsNotices(settings) ? [...actions, 'chunk_loaded'] : actions;
}

/**
 * Answers for each file. A fault of the signer's own or of the tracker is one of the whole call where it meets every
 * file: the browser then tries again. Where others have their answer, the file that it meets is refused alone; the
 * tracker's word is but a hint, and a file that it fails for counts as new.
 * @throws what went wrong, where nothing went right
 */
async function answerAll(call: Call, batch: PostPolicyBatch, files: readonly ParsedFile[]): Promise<InitAnswerFile[]> {
  const outcomes = await Promise.allSettled(files.map((read) => answerOrRefuse(call, batch, read)));
  const isAnyGranted = outcomes.some((outcome) => outcome.status === 'fulfilled' && !('error' in outcome.value));
  return Promise.all(
    outcomes.map(async (outcome, index) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      const isOfTracker = outcome.reason instanceof TrackerError;
      const reason: unknown = isOfTracker ? (outcome.reason as TrackerError).cause : outcome.reason;
      if (!isAnyGranted) throw reason;
      call.settings.onError(reason);
      const read = files[index]!;
      if (isOfTracker) return answerOrRefuse({ ...call, settings: { ...call.settings, tracker: null } }, batch, read);
      return refusedFile(read, 'internal', 'the signer failed for this file alone. Its log has the reason');
    }),
  );
}

async function answerOrRefuse(call: Call, batch: PostPolicyBatch, read: ParsedFile): Promise<InitAnswerFile> {
  try {
    if ('refusal' in read) throw read.refusal;
    return await answerFile(call, batch, read.file);
  } catch (error) {
    if (error instanceof PolicyError) {
      call.settings.onError(error);
      return refusedFile(read, 'policy-failed', 'the signer could not apply its policy to it. Its log has the reason');
    }
    if (!(error instanceof SignerRefusal)) throw error;
    return { id: read.id, error: { code: error.code, message: error.message } };
  }
}

function refusedFile(read: ParsedFile, code: string, why: string): InitRefused {
  const name = 'file' in read ? cleanName(read.file.filename, 200) : 'file';
  return { id: read.id, error: { code, message: `“${name}” was refused: ${why}.` } };
}
