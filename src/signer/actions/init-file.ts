import type { ChecksumAlgorithm, InitAnswerFile, InitFile } from '../../protocol.js';
import type { Grant } from '../grants/grant.js';
import { objectHeaders } from '../policy/object-headers.js';
import { cleanName } from '../policy/object-keys.js';
import { validateFile, chooseKey, isKeyChosenBySigner, isUniqueKey, partSizeFor } from '../policy/policy.js';
import { checksumTypeOf, parseChecksumValue } from '../s3/checksums.js';
import type { Checksum } from '../s3/checksums.js';
import { ONLY_IF_NEW, createMultipartUpload, putObject } from '../s3/operations.js';
import { canPostHeaders, hasFormVariable } from '../s3/post-policy.js';
import { shortHash } from '../util/hashes.js';
import { SignerRefusal } from '../util/refusal.js';
import type { Call } from './call-context.js';
import { touchUpload, verifiesObjects, sign } from './call-context.js';
import { openGrant } from './grant-check.js';
import { ownerHeaders } from './object-owner.js';
import type { PostPolicyBatch } from './post-batch.js';
import { findTrackedUpload, fileMarks } from './tracked-upload.js';

/** One file of a call, admitted. */
interface ValidatedFile {
  file: InitFile;
  headers: Readonly<Record<string, string>>;
  /** Where it is sent in one go, it is posted under this batch's policy. */
  batch: PostPolicyBatch | null;
}

export async function answerFile(call: Call, batch: PostPolicyBatch, claimed: InitFile): Promise<InitAnswerFile> {
  const { policy } = call.settings;
  const file = validateFile(policy, claimed);
  const headers = await objectHeaders(policy, file, call.principal);
  const isPostable = policy.posts && isKeyChosenBySigner(policy, file) && canPostHeaders(headers);
  const isPlain = !hasFormVariable(cleanName(file.filename)) && !(file.key !== undefined && hasFormVariable(file.key));
  const request = { file, headers, batch: isPostable && isPlain ? batch : null };
  const goesOn = !file.force && (file.grant !== undefined || file.key !== undefined || file.upload_id !== undefined);
  return goesOn
    ? answerWithGrant(call, request, await renewGrant(call, file), { uploadId: file.upload_id })
    : answerNew(call, request);
}

async function answerNew(call: Call, request: ValidatedFile): Promise<InitAnswerFile> {
  const { file, batch } = request;
  const { policy } = call.settings;
  const { own: marks, sought } = await fileMarks(call, file);
  const found = file.force ? null : await findTrackedUpload(call, file, sought);
  const partSize = found?.partSize ?? partSizeFor(policy, file, call.settings.verifiesSize);
  const isPosted = batch !== null && !found && file.filesize <= partSize;
  const grant: Grant = {
    key: found?.key ?? (isPosted ? batch.keyFor(file) : await chooseKey(policy, file, call.principal, call.now)),
    size: file.filesize,
    partSize,
    checksum: found ? (found.checksum ?? null) : chooseChecksum(call, file),
    principal: call.principalHash,
    begun: found?.begun ?? call.now,
    issued: call.now,
    claims: found ? '' : await hashClaims(file),
    marks,
  };
  const answer = await answerWithGrant(call, request, grant, { uploadId: found?.uploadId });
  return found && 'upload_id' in answer ? { ...answer, chunks: found.chunks } : answer;
}

async function answerWithGrant(
  call: Call,
  { file, headers, batch }: ValidatedFile,
  grant: Grant,
  { uploadId }: { uploadId: string | undefined },
): Promise<InitAnswerFile> {
  const { key, size, partSize, checksum } = grant;
  const made = { ...headers, ...(await ownerHeaders(call, grant)) };
  const common = {
    id: file.id,
    key,
    grant: await call.sealer.seal(grant),
    part_size: partSize,
    ...(isUniqueKey(call.settings.policy, key) && { own_key: true }),
  };
  if (size <= partSize) {
    const whole = {
      ...common,
      ...(checksum && { checksum: { algorithm: checksum, type: 'FULL_OBJECT' as const } }),
      ...(verifiesObjects(call.settings) && { tracked: true }),
    };
    if (batch) return { ...whole, post: batch.add(key, size, made, checksum) };
    const condition = call.settings.policy.overwrite ? {} : ONLY_IF_NEW;
    const value = fileChecksum(file, checksum);
    return { ...whole, put: await sign(call, putObject(key, size, { ...made, ...condition }, value)) };
  }
  const multipart = {
    ...common,
    ...(checksum && { checksum: { algorithm: checksum, type: checksumTypeOf(checksum) } }),
    ...(grant.marks.length > 0 && { tracked: true }),
  };
  if (uploadId !== undefined) {
    await touchUpload(call, uploadId);
    return { ...multipart, upload_id: uploadId };
  }
  return { ...multipart, init: await sign(call, createMultipartUpload(key, made, checksum)) };
}

/** The browser's first choice among what the store verifies. */
function chooseChecksum({ settings }: Call, { checksums = [] }: InitFile): ChecksumAlgorithm | null {
  return checksums.find((name) => settings.checksums.includes(name)) ?? null;
}

/** The file's own value, where it is by the algorithm agreed on: nothing but the very bytes can then be stored. */
function fileChecksum({ checksum }: InitFile, agreed: ChecksumAlgorithm | null): Checksum | null {
  return checksum && checksum.algorithm === agreed
    ? parseChecksumValue(agreed, checksum.value, 'checksum.value')
    : null;
}

/** @throws SignerRefusal for a grant that is not this caller's for this key and size, or too old to renew */
async function renewGrant(call: Call, file: InitFile): Promise<Grant> {
  const { key, grant, filesize } = file;
  if (key === undefined) throw new SignerRefusal(403, 'key-required', 'To go on with a grant, name its key as well.');
  const opened = await openGrant(call, { key, grant });
  if (opened.size !== filesize)
    throw new SignerRefusal(403, 'size-mismatch', `The grant is for a file of ${opened.size} bytes.`);
  if (call.now - opened.begun > call.settings.renewalTime) {
    throw new SignerRefusal(403, 'grant-expired', 'The upload began too long ago to go on; it has to begin afresh.');
  }
  // an upload that exists has its type, name and metadata; anything else makes the object anew
  if (file.upload_id === undefined && opened.claims !== (await hashClaims(file)))
    throw new SignerRefusal(
      403,
      'grant-expired',
      'The grant is for a file described otherwise; it has to begin afresh.',
    );
  return { ...opened, issued: call.now };
}

/** All by which a policy judges a file and makes its object; what is stored of it bears the same on every renewal. */
const hashClaims = ({ filename, content_type, relative_path, acl, params }: InitFile): Promise<string> =>
  shortHash(JSON.stringify(['claims', filename, content_type, relative_path, acl, params]));
