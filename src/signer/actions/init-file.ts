import type { AllAnswer, ChecksumAlgorithm, InitAnswerFile, InitFile } from '../../protocol.js';
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
import type { UploadStarter } from './start-upload.js';
import { findTrackedUpload, fileMarks } from './tracked-upload.js';
import { signWindow } from './upload-signatures.js';

/** One file that the policy allows. */
interface ValidatedFile {
  file: InitFile;
  headers: Readonly<Record<string, string>>;
  /** The POST policies of the call; null if this file cannot be sent by POST. */
  posts: PostPolicyBatch | null;
}

/** Shared by the files of one call. */
export interface InitBatch {
  readonly posts: PostPolicyBatch;
  readonly starter: UploadStarter;
}

/** @throws SignerRefusal or PolicyError for a file that is refused, TrackerError if the tracker fails */
export async function answerFile(
  call: Call,
  { posts, starter }: InitBatch,
  reported: InitFile,
): Promise<InitAnswerFile> {
  const { policy } = call.settings;
  const file = validateFile(policy, reported);
  const headers = await objectHeaders(policy, file, call.principal);
  const isPostAllowed = policy.posts && isKeyChosenBySigner(policy, file) && canPostHeaders(headers);
  const hasVariable =
    hasFormVariable(cleanName(file.filename)) || (file.key !== undefined && hasFormVariable(file.key));
  const request = { file, headers, posts: isPostAllowed && !hasVariable ? posts : null };
  const isRenewal = !file.force && (file.grant !== undefined || file.key !== undefined || file.upload_id !== undefined);
  return isRenewal
    ? answerWithGrant(call, request, await renewGrant(call, file), { uploadId: file.upload_id })
    : answerNew(call, request, starter);
}

async function answerNew(call: Call, request: ValidatedFile, starter: UploadStarter): Promise<InitAnswerFile> {
  const { file, posts } = request;
  const { policy } = call.settings;
  const { stored: marks, lookup } = await fileMarks(call, file);
  const found = file.force ? null : await findTrackedUpload(call, file, lookup);
  const partSize = found?.partSize ?? partSizeFor(policy, file, call.settings.storeVerifiesSize);
  const isPosted = posts !== null && !found && file.filesize <= partSize;
  const grant: Grant = {
    key: found?.key ?? (isPosted ? posts.keyFor(file) : await chooseKey(policy, file, call.principal, call.now)),
    size: file.filesize,
    partSize,
    checksum: found ? (found.checksum ?? null) : chooseChecksum(call, file),
    principal: call.principalHash,
    begun: found?.begun ?? call.now,
    issued: call.now,
    claims: found ? '' : await hashClaims(file),
    marks,
  };
  const answer = await answerWithGrant(call, request, grant, { uploadId: found?.uploadId, starter });
  return found && 'upload_id' in answer ? { ...answer, chunks: found.chunks } : answer;
}

async function answerWithGrant(
  call: Call,
  { file, headers, posts }: ValidatedFile,
  grant: Grant,
  { uploadId, starter }: { uploadId: string | undefined; starter?: UploadStarter },
): Promise<InitAnswerFile> {
  const { key, size, partSize, checksum } = grant;
  const createHeaders = { ...headers, ...(await ownerHeaders(call, grant)) };
  const common = {
    id: file.id,
    key,
    grant: await call.sealer.seal(grant),
    part_size: partSize,
    ...(isUniqueKey(call.settings.policy, key) && { own_key: true }),
  };
  if (size <= partSize) {
    const singleRequest = {
      ...common,
      ...(checksum && { checksum: { algorithm: checksum, type: 'FULL_OBJECT' as const } }),
      ...(verifiesObjects(call.settings) && { tracked: true }),
    };
    if (posts) return { ...singleRequest, post: posts.add(key, size, createHeaders, checksum) };
    const condition = call.settings.policy.overwrite ? {} : ONLY_IF_NEW;
    const value = fileChecksum(file, checksum);
    return { ...singleRequest, put: await sign(call, putObject(key, size, { ...createHeaders, ...condition }, value)) };
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
  const creation = createMultipartUpload(key, createHeaders, checksum);
  const startedId = (await starter?.start(grant, creation)) ?? null;
  if (startedId === null) return { ...multipart, init: await sign(call, creation) };
  const started = { ...multipart, upload_id: startedId, fresh: true as const };
  // signatures of parts contain their checksums, which the browser has not computed yet
  return checksum ? started : { ...started, all: await signFirstWindow(call, grant, startedId) };
}

/** Number of parts that the answer of init signs. The browser requests the next ones before it has sent these. */
const FIRST_WINDOW_PARTS = 16;

function signFirstWindow(call: Call, grant: Grant, uploadId: string): Promise<AllAnswer> {
  const count = Math.min(Math.ceil(grant.size / grant.partSize), FIRST_WINDOW_PARTS);
  const chunks = Array.from({ length: count }, (_, index) => index + 1);
  return signWindow(call, grant, { upload_id: uploadId, chunks });
}

/** Returns the first algorithm of the browser's list that the store verifies. */
function chooseChecksum({ settings }: Call, { checksums = [] }: InitFile): ChecksumAlgorithm | null {
  return checksums.find((name) => settings.checksums.includes(name)) ?? null;
}

/** Returns the file's checksum if it uses the granted algorithm. Once it is signed, the store accepts no other bytes. */
function fileChecksum({ checksum }: InitFile, agreed: ChecksumAlgorithm | null): Checksum | null {
  return checksum && checksum.algorithm === agreed
    ? parseChecksumValue(agreed, checksum.value, 'checksum.value')
    : null;
}

/** @throws SignerRefusal for a grant of another caller, key or size, and for an upload that is too old to renew */
async function renewGrant(call: Call, file: InitFile): Promise<Grant> {
  const { key, grant, filesize } = file;
  if (key === undefined)
    throw new SignerRefusal(403, 'key-required', 'A grant can be renewed only together with its key; send both.');
  const opened = await openGrant(call, { key, grant });
  if (opened.size !== filesize)
    throw new SignerRefusal(403, 'size-mismatch', `The grant is for a file of ${opened.size} bytes.`);
  if (call.now - opened.begun > call.settings.renewalTimeMs) {
    throw new SignerRefusal(403, 'grant-expired', 'The upload is too old to resume; restart it.');
  }
  // an existing multipart upload has its headers already; a file of a single request has no such upload
  const createsObject = file.upload_id === undefined || opened.size <= opened.partSize;
  if (createsObject && opened.claims !== (await hashClaims(file)))
    throw new SignerRefusal(
      403,
      'grant-expired',
      'The grant is for a file with another name, type, ACL or requested key, or other params; restart the upload.',
    );
  return { ...opened, issued: call.now };
}

/**
 * Hashes the fields from which the policy decides, and from which the object is created. Without `last_modified`, and
 * without `fingerprint`, which the browser may know only at a renewal.
 */
function hashClaims({ filename, content_type, relative_path, acl, params, object_key }: InitFile): Promise<string> {
  const claims = [filename, content_type, relative_path, acl, params];
  // left out if it is missing, so that grants of earlier releases stay valid
  return shortHash(JSON.stringify(['claims', ...claims, ...(object_key === undefined ? [] : [object_key])]));
}
