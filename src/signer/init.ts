/** `get_init_signature`: what may be uploaded, under which key, in parts of which size. */
import { choosePartSize } from '../limits.js';
import type { Action, ChecksumAlgorithm, InitAnswer, InitAnswerFile, InitFile } from '../protocol.js';
import { markOf } from './hashes.js';
import { looksAtObjects, openGrant, sign, takesNotices } from './call.js';
import type { Call } from './call.js';
import { checksumTypeOf, readChecksum } from './checksums.js';
import type { Checksum } from './checksums.js';
import type { Grant } from './grant.js';
import { headersFor } from './object-headers.js';
import { createUpload, ONLY_IF_NEW, putObject } from './operations.js';
import { admit, chooseKey, isNamedHere, isOwnKey } from './policy.js';
import { PostBatch } from './post-batch.js';
import { fitsForm } from './posts.js';
import { SignerRefusal } from './refusal.js';
import { ownHeaders } from './own-object.js';
import { readInit } from './requests.js';
import type { FoundUpload } from './tracker.js';

/** Answers for a batch of files; a file that is refused does not hold up the others. */
export async function init(call: Call, body: unknown): Promise<InitAnswer> {
  const { policy } = call.settings;
  const files = readInit(body, policy.maxFiles);
  const batch = new PostBatch();
  const answers = await Promise.all(files.map((file) => answerOrRefuse(call, batch, file)));
  const posts = await batch.sign(call);
  return {
    time: call.now,
    actions: offeredActions(call),
    limits: { files: policy.maxFiles },
    // null only where allowAnonymous lets nobody in particular upload
    principal: call.principalMark,
    ...(posts ? { posts } : {}),
    files: answers,
  };
}

function offeredActions({ settings }: Call): Action[] {
  const actions: Action[] = ['get_all_signatures', 'get_delete_signature', 'get_head_signature'];
  return takesNotices(settings) ? [...actions, 'chunk_loaded'] : actions;
}

async function answerOrRefuse(call: Call, batch: PostBatch, file: InitFile): Promise<InitAnswerFile> {
  try {
    return await answerFile(call, batch, file);
  } catch (error) {
    if (!(error instanceof SignerRefusal)) throw error;
    return { id: file.id, error: { code: error.code, message: error.message } };
  }
}

/** One file of a call, admitted. */
interface Request {
  file: InitFile;
  headers: Readonly<Record<string, string>>;
  /** Where it is sent in one go, it is posted under this batch's policy. */
  batch: PostBatch | null;
}

async function answerFile(call: Call, batch: PostBatch, file: InitFile): Promise<InitAnswerFile> {
  const { policy } = call.settings;
  admit(policy, file);
  const headers = await headersFor(policy, file, call.principal);
  const isPostable = policy.posts && isNamedHere(policy, file) && fitsForm(headers);
  const request = { file, headers, batch: isPostable ? batch : null };
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
  const partSize = found?.partSize ?? choosePartSize(file.filesize, policy.partSize ?? file.part_size);
  const isPosted = batch !== null && !found && file.filesize <= partSize;
  const grant: Grant = {
    key: found?.key ?? (isPosted ? batch.keyFor(file) : await chooseKey(policy, file, call.principal, call.now)),
    size: file.filesize,
    partSize,
    checksum: found ? (found.checksum ?? null) : chooseChecksum(call, file),
    principal: call.principalMark,
    begun: found?.begun ?? call.now,
    issued: call.now,
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
  if (uploadId !== undefined) return { ...multipart, upload_id: uploadId };
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
async function renewedGrant(call: Call, { key, grant, filesize }: InitFile): Promise<Grant> {
  if (key === undefined) throw new SignerRefusal(403, 'key-required', 'To go on with a grant, name its key as well.');
  const opened = await openGrant(call, { key, grant });
  if (opened.size !== filesize)
    throw new SignerRefusal(403, 'size-mismatch', `The grant is for a file of ${opened.size} bytes.`);
  if (call.now - opened.begun > call.settings.renewalTime) {
    throw new SignerRefusal(403, 'grant-expired', 'The upload began too long ago to go on; it has to begin afresh.');
  }
  return { ...opened, issued: call.now };
}

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
  const found = await settings.tracker.find(principalMark, sought);
  if (found?.size !== file.filesize || now - found.begun > settings.renewalTime) return null;
  // begun with a checksum that this browser does not offer: it could not go on as the store demands
  const isUsable = !found.checksum || file.checksums?.includes(found.checksum);
  return isUsable ? found : null;
}
