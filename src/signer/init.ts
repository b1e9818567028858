/** `get_init_signature`: what may be uploaded, under which key, in parts of which size. */
import { choosePartSize } from '../limits.js';
import type { Action, InitAnswer, InitAnswerFile, InitFile } from '../protocol.js';
import { markOf } from './bytes.js';
import { openGrant, sign } from './call.js';
import type { Call } from './call.js';
import type { Grant } from './grant.js';
import { createUpload, putObject } from './operations.js';
import { admit, chooseAcl, chooseKey } from './policy.js';
import { SignerRefusal } from './refusal.js';
import { readInit } from './requests.js';
import type { FoundUpload } from './tracker.js';

/** Answers for a batch of files; a file that is refused does not hold up the others. */
export async function init(call: Call, body: unknown): Promise<InitAnswer> {
  const { policy } = call.settings;
  const files = readInit(body, policy.maxFiles);
  return {
    time: call.now,
    actions: offeredActions(call),
    limits: { files: policy.maxFiles },
    ...(call.principalMark === null ? {} : { principal: call.principalMark }),
    files: await Promise.all(files.map((file) => answerOrRefuse(call, file))),
  };
}

function offeredActions({ settings }: Call): Action[] {
  const actions: Action[] = ['get_all_signatures', 'get_delete_signature', 'get_head_signature'];
  return settings.tracker ? [...actions, 'chunk_loaded'] : actions;
}

async function answerOrRefuse(call: Call, file: InitFile): Promise<InitAnswerFile> {
  try {
    return await answerFile(call, file);
  } catch (error) {
    if (!(error instanceof SignerRefusal)) throw error;
    return { id: file.id, error: { code: error.code, message: error.message } };
  }
}

async function answerFile(call: Call, file: InitFile): Promise<InitAnswerFile> {
  const { policy } = call.settings;
  admit(policy, file);
  const goesOn = !file.force && (file.grant !== undefined || file.key !== undefined || file.upload_id !== undefined);
  if (goesOn) return answerGranted(call, file, await renewedGrant(call, file), file.upload_id);

  const marks = await marksOf(call, file);
  const found = file.force ? null : await findTracked(call, file, marks);
  const grant: Grant = {
    key: found?.key ?? (await chooseKey(policy, file, call.principal)),
    size: file.filesize,
    partSize: found?.partSize ?? choosePartSize(file.filesize, policy.partSize ?? file.part_size),
    principal: call.principalMark,
    begun: found?.begun ?? call.now,
    issued: call.now,
    marks,
  };
  const answer = await answerGranted(call, file, grant, found?.uploadId);
  return found && 'upload_id' in answer ? { ...answer, chunks: found.chunks } : answer;
}

async function answerGranted(
  call: Call,
  file: InitFile,
  grant: Grant,
  uploadId: string | undefined,
): Promise<InitAnswerFile> {
  const object = { contentType: file.content_type, acl: chooseAcl(call.settings.policy, file) };
  const common = {
    id: file.id,
    key: grant.key,
    grant: await call.sealer.seal(grant),
    part_size: grant.partSize,
  };
  if (grant.size <= grant.partSize)
    return { ...common, put: await sign(call, putObject(grant.key, grant.size, object)) };
  const multipart = grant.marks.length > 0 ? { ...common, tracked: true } : common;
  if (uploadId !== undefined) return { ...multipart, upload_id: uploadId };
  return { ...multipart, init: await sign(call, createUpload(grant.key, object)) };
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

/** Without a principal nothing is tracked: whoever knew a file's name and size could take over another's upload. */
async function marksOf({ settings, principalMark }: Call, file: InitFile): Promise<string[]> {
  if (!settings.tracker || principalMark === null) return [];
  const byName = markOf(JSON.stringify(['name', file.filename, file.filesize, file.last_modified]));
  if (!file.fingerprint) return [await byName];
  return Promise.all([markOf(JSON.stringify(['fingerprint', file.fingerprint])), byName]);
}

async function findTracked(
  { settings, principalMark, now }: Call,
  file: InitFile,
  marks: string[],
): Promise<FoundUpload | null> {
  if (!settings.tracker || principalMark === null) return null;
  const found = await settings.tracker.find(principalMark, marks);
  const isUsable = found && found.size === file.filesize && now - found.begun <= settings.renewalTime;
  return isUsable ? found : null;
}
