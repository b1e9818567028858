/** Answers `get_init_signature` for a batch of files. */
import type { Action, InitAnswer, InitAnswerFile, InitRefused } from '../../protocol.js';
import { parseInitBody } from '../http/request-bodies.js';
import type { ParsedFile } from '../http/request-bodies.js';
import { cleanName } from '../policy/object-keys.js';
import { PolicyError } from '../policy/policy-error.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { acceptsNotifications } from './call-context.js';
import { answerFile } from './init-file.js';
import type { InitBatch } from './init-file.js';
import { PostPolicyBatch } from './post-batch.js';
import { UploadStarter } from './start-upload.js';
import { TrackerError } from './tracked-upload.js';

/**
 * Answers for each file of the call. A file that is refused, or for which the policy's functions fail, does not affect
 * the others.
 */
export async function answerInit(call: Call, body: unknown): Promise<InitAnswer> {
  const { policy } = call.settings;
  const files = parseInitBody(body, policy.maxFiles);
  const batch = { posts: new PostPolicyBatch(policy), starter: new UploadStarter(call) };
  const answers = await answerAll(call, batch, files);
  const posts = await batch.posts.sign(call);
  return {
    time: call.now,
    actions: optionalActions(call),
    limits: { files: policy.maxFiles },
    // null only if anonymous uploads are allowed: other anonymous calls have been refused
    principal: call.principalHash,
    ...(posts ? { posts } : {}),
    files: answers,
  };
}

function optionalActions({ settings }: Call): Action[] {
  const actions: Action[] = ['get_all_signatures', 'get_delete_signature', 'get_head_signature'];
  return acceptsNotifications(settings) ? [...actions, 'chunk_loaded', 'chunks_loaded'] : actions;
}

/**
 * Answers for each file. If no file can be granted, an error of the signer or the tracker fails the whole call, and the
 * browser retries it. Otherwise only the affected file is refused. If only the tracker failed, the file counts as new.
 * @throws the error of the first file, if no file was granted
 */
async function answerAll(call: Call, batch: InitBatch, files: readonly ParsedFile[]): Promise<InitAnswerFile[]> {
  const outcomes = await Promise.allSettled(files.map((file) => answerOrRefuse(call, batch, file)));
  const isAnyGranted = outcomes.some((outcome) => outcome.status === 'fulfilled' && !('error' in outcome.value));
  return Promise.all(
    outcomes.map(async (outcome, index) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      const isTrackerError = outcome.reason instanceof TrackerError;
      const reason: unknown = isTrackerError ? (outcome.reason as TrackerError).cause : outcome.reason;
      if (!isAnyGranted) throw reason;
      call.settings.onError(reason);
      const file = files[index]!;
      if (isTrackerError) return answerUntracked(call, batch, file);
      return refusedFile(file, 'internal', "an error occurred in the signer. The signer's log has the reason");
    }),
  );
}

function answerUntracked(call: Call, { posts }: InitBatch, file: ParsedFile): Promise<InitAnswerFile> {
  const untracked = { ...call, settings: { ...call.settings, tracker: null } };
  return answerOrRefuse(untracked, { posts, starter: new UploadStarter(untracked) }, file);
}

async function answerOrRefuse(call: Call, batch: InitBatch, parsed: ParsedFile): Promise<InitAnswerFile> {
  try {
    if ('refusal' in parsed) throw parsed.refusal;
    return await answerFile(call, batch, parsed.file);
  } catch (error) {
    if (error instanceof PolicyError) {
      call.settings.onError(error);
      return refusedFile(parsed, 'policy-failed', "the signer's policy failed for it. The signer's log has the reason");
    }
    if (!(error instanceof SignerRefusal)) throw error;
    return { id: parsed.id, error: { code: error.code, message: error.message } };
  }
}

function refusedFile(parsed: ParsedFile, code: string, reason: string): InitRefused {
  const name = 'file' in parsed ? cleanName(parsed.file.filename, 200) : 'file';
  return { id: parsed.id, error: { code, message: `“${name}” was refused: ${reason}.` } };
}
