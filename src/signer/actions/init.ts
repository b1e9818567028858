/** `get_init_signature`: what may be uploaded, under which key, in parts of which size. */
import type { Action, ChecksumAlgorithm, InitAnswer, InitAnswerFile, InitFile, InitRefused } from '../../protocol.js';
import { markOf } from '../util/hashes.js';
import { keepFromSweep, looksAtObjects, openGrant, sign, takesNotices } from './call.js';
import type { Call } from './call.js';
import { checksumTypeOf, readChecksum } from '../s3/checksums.js';
import type { Checksum } from '../s3/checksums.js';
import type { Grant } from '../grants/grant.js';
import { headersFor } from '../policy/object-headers.js';
import { createUpload, ONLY_IF_NEW, putObject } from '../s3/operations.js';
import { cleanName } from '../policy/names.js';
import { admit, chooseKey, isNamedHere, isOwnKey, partSizeFor } from '../policy/policy.js';
import { PolicyFault } from '../policy/policy-fault.js';
import { PostBatch } from './post-batch.js';
import { fitsForm, holdsVariable } from '../s3/posts.js';
import { SignerRefusal } from '../util/refusal.js';
import { ownHeaders } from './own-object.js';
import { readInit } from '../http/requests.js';
import type { ReadFile } from '../http/requests.js';
import type { FoundUpload } from '../tracker/tracker.js';

/**
 * Answers for a batch of files. One that is refused, or for which the policy's own functions fail, does not hold up the
 * others.
 */
export async function init(call: Call, body: unknown): Promise<InitAnswer> {
  const { policy } = call.settings;
  const files = readInit(body, policy.maxFiles);
  const batch = new PostBatch();
  const answers = await answerAll(call, batch, files);
  const posts = await batch.sign(call);
  return {
    time: call.now,
    actions: offeredActions(call),
    limits: { files: policy.maxFiles },
    // null: nobody has to sign in here, or the call would have been refused
    principal: call.principalMark,
    ...(posts ? { posts } : {}),
    files: answers,
  };
}

function offeredActions({ settings }: Call): Action[] {
  const actions: Action[] = ['get_all_signatures', 'get_delete_signature', 'get_head_signature'];
  return takesNotices(settings) ? [...actions, 'chunk_loaded'] : actions;
}

/**
 * Answers for each file. A fault of the signer's own or of the tracker is one of the whole call where it meets every
 * file: the browser then tries again. Where others have their answer, the file that it meets is refused alone; the
 * tracker's word is but a hint, and a file that it fails for counts as new.
 * @throws what went wrong, where nothing went right
 */
async function answerAll(call: Call, batch: PostBatch, files: readonly ReadFile[]): Promise<InitAnswerFile[]> {
  const outcomes = await Promise.allSettled(files.map((read) => answerOrRefuse(call, batch, read)));
  const isAnyGranted = outcomes.some((outcome) => outcome.status === 'fulfilled' && !('error' in outcome.value));
  return Promise.all(
    outcomes.map(async (outcome, index) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      const isOfTracker = outcome.reason instanceof TrackerFault;
      const reason: unknown = isOfTracker ? (outcome.reason as TrackerFault).cause : outcome.reason;
      if (!isAnyGranted) throw reason;
      call.settings.onError(reason);
      const read = files[index]!;
      if (isOfTracker) return answerOrRefuse({ ...call, settings: { ...call.settings, tracker: null } }, batch, read);
      return refused(read, 'internal', 'the signer failed for this file alone. Its log has the reason');
    }),
  );
}

async function answerOrRefuse(call: Call, batch: PostBatch, read: ReadFile): Promise<InitAnswerFile> {
  try {
    if ('refusal' in read) throw read.refusal;
    return await answerFile(call, batch, read.file);
  } catch (error) {
    if (error instanceof PolicyFault) {
      call.settings.onError(error);
      return refused(read, 'policy-failed', 'the signer could not apply its policy to it. Its log has the reason');
    }
    if (!(error instanceof SignerRefusal)) throw error;
    return { id: read.id, error: { code: error.code, message: error.message } };
  }
}

function refused(read: ReadFile, code: string, why: string): InitRefused {
  const name = 'file' in read ? cleanName(read.file.filename, 200) : 'file';
  return { id: read.id, error: { code, message: `“${name}” was refused: ${why}.` } };
}

/** The tracker threw for one file. */
class TrackerFault extends Error {
  override readonly name = 'TrackerFault';
}

/** One file of a call, admitted. */
interface Request {
  file: InitFile;
  headers: Readonly<Record<string, string>>;
  /** Where it is sent in one go, it is posted under this batch's policy. */
  batch: PostBatch | null;
}

async function answerFile(call: Call, batch: PostBatch, claimed: InitFile): Promise<InitAnswerFile> {
  const { policy } = call.settings;
  const file = admit(policy, claimed);
  const headers = await headersFor(policy, file, call.principal);
  const isPostable = policy.posts && isNamedHere(policy, file) && fitsForm(headers);
  const isPlain = !holdsVariable(cleanName(file.filename)) && !(file.key !== undefined && holdsVariable(file.key));
  const request = { file, headers, batch: isPostable && isPlain ? batch : null };
  const goesOn = !file.force && (file.grant !== undefined || file.key !== undefined || file.upload_id !== undefined);
  return goesOn
    ? answerGranted(call, request, await renewedGrant(call, file), { uploadId: file.upload_id })
    : answerNew(call, request);
}

async function answerNew(call: Call, request: Request): Promise<InitAnswerFile> {
  const { file, batch } = request;
  const { policy } = call.settings;
  const { own: marks, sought } = await marksOf(call, file);
  const found = file.force ? null : await findTracked(call, file, sought);
  const partSize = found?.partSize ?? partSizeFor(policy, file, call.settings.verifiesSize);
  const isPosted = batch !== null && !found && file.filesize <= partSize;
  const grant: Grant = {
    key: found?.key ?? (isPosted ? batch.keyFor(file) : await chooseKey(policy, file, call.principal, call.now)),
    size: file.filesize,
    partSize,
    checksum: found ? (found.checksum ?? null) : chooseChecksum(call, file),
    principal: call.principalMark,
    begun: found?.begun ?? call.now,
    issued: call.now,
    claims: found ? '' : await markOfClaims(file),
    marks,
  };
  const answer = await answerGranted(call, request, grant, { uploadId: found?.uploadId });
  return found && 'upload_id' in answer ? { ...answer, chunks: found.chunks } : answer;
}

async function answerGranted(
  call: Call,
  { file, headers, batch }: Request,
  grant: Grant,
  { uploadId }: { uploadId: string | undefined },
): Promise<InitAnswerFile> {
  const { key, size, partSize, checksum } = grant;
  const made = { ...headers, ...(await ownHeaders(call, grant)) };
  const common = {
    id: file.id,
    key,
    grant: await call.sealer.seal(grant),
    part_size: partSize,
    ...(isOwnKey(call.settings.policy, key) && { own_key: true }),
  };
  if (size <= partSize) {
    const whole = {
      ...common,
      ...(checksum && { checksum: { algorithm: checksum, type: 'FULL_OBJECT' as const } }),
      ...(looksAtObjects(call.settings) && { tracked: true }),
    };
    if (batch) return { ...whole, post: batch.add(key, size, made, checksum) };
    const condition = call.settings.policy.overwrite ? {} : ONLY_IF_NEW;
    const value = checksumOf(file, checksum);
    return { ...whole, put: await sign(call, putObject(key, size, { ...made, ...condition }, value)) };
  }
  const multipart = {
    ...common,
    ...(checksum && { checksum: { algorithm: checksum, type: checksumTypeOf(checksum) } }),
    ...(grant.marks.length > 0 && { tracked: true }),
  };
  if (uploadId !== undefined) {
    await keepFromSweep(call, uploadId);
    return { ...multipart, upload_id: uploadId };
  }
  return { ...multipart, init: await sign(call, createUpload(key, made, checksum)) };
}

/** The browser's first choice among what the store verifies. */
function chooseChecksum({ settings }: Call, { checksums = [] }: InitFile): ChecksumAlgorithm | null {
  return checksums.find((name) => settings.checksums.includes(name)) ?? null;
}

/** The file's own value, where it is by the algorithm agreed on: nothing but the very bytes can then be stored. */
function checksumOf({ checksum }: InitFile, agreed: ChecksumAlgorithm | null): Checksum | null {
  return checksum && checksum.algorithm === agreed ? readChecksum(agreed, checksum.value, 'checksum.value') : null;
}

/** @throws SignerRefusal for a grant that is not this caller's for this key and size, or too old to renew */
async function renewedGrant(call: Call, file: InitFile): Promise<Grant> {
  const { key, grant, filesize } = file;
  if (key === undefined) throw new SignerRefusal(403, 'key-required', 'To go on with a grant, name its key as well.');
  const opened = await openGrant(call, { key, grant });
  if (opened.size !== filesize)
    throw new SignerRefusal(403, 'size-mismatch', `The grant is for a file of ${opened.size} bytes.`);
  if (call.now - opened.begun > call.settings.renewalTime) {
    throw new SignerRefusal(403, 'grant-expired', 'The upload began too long ago to go on; it has to begin afresh.');
  }
  // an upload that exists has its type, name and metadata; anything else makes the object anew
  if (file.upload_id === undefined && opened.claims !== (await markOfClaims(file)))
    throw new SignerRefusal(
      403,
      'grant-expired',
      'The grant is for a file described otherwise; it has to begin afresh.',
    );
  return { ...opened, issued: call.now };
}

/** All by which a policy judges a file and makes its object; what is stored of it bears the same on every renewal. */
const markOfClaims = ({ filename, content_type, relative_path, acl, params }: InitFile): Promise<string> =>
  markOf(JSON.stringify(['claims', filename, content_type, relative_path, acl, params]));

/** What an upload is recognised by. */
interface Marks {
  /** Those that it bears. */
  own: string[];
  /** Those of the uploads that may be of the same file. */
  sought: string[];
}

/**
 * Without a principal nothing is tracked: whoever knew a file's name and size could take over another's upload. Two
 * fingerprints decide by themselves: a file that was changed, but for its name, size and time, must not be mixed with
 * the parts of what it was. Where one side gave none, name, size and time have to do.
 */
async function marksOf({ settings, principalMark }: Call, file: InitFile): Promise<Marks> {
  if (!settings.tracker || principalMark === null) return { own: [], sought: [] };
  const { bucket } = settings;
  const markBy = (kind: string, ...traits: unknown[]) => markOf(JSON.stringify([kind, bucket, ...traits]));
  const named = [file.filename, file.filesize, file.last_modified];
  const [byName, byNameOfKnown] = await Promise.all([markBy('name', ...named), markBy('name of known', ...named)]);
  if (!file.fingerprint) return { own: [byName], sought: [byName, byNameOfKnown] };
  const byContent = await markBy('fingerprint', file.fingerprint);
  return { own: [byContent, byNameOfKnown], sought: [byContent, byName] };
}

async function findTracked(
  { settings, principalMark, now }: Call,
  file: InitFile,
  sought: string[],
): Promise<FoundUpload | null> {
  if (!settings.tracker || principalMark === null) return null;
  const found = await askTracker(() => settings.tracker!.find(principalMark, sought));
  // what goes in one request leaves no upload to go on with, whatever a notice said
  if (!found || found.size <= found.partSize) return null;
  if (found.size !== file.filesize || now - found.begun > settings.renewalTime) return null;
  // begun with a checksum that this browser does not offer: it could not go on as the store demands
  const isUsable = !found.checksum || file.checksums?.includes(found.checksum);
  return isUsable ? found : null;
}

/** @throws TrackerFault for whatever the tracker throws, with that as its cause */
async function askTracker<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new TrackerFault('the tracker failed', { cause: error });
  }
}
