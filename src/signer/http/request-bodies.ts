/** Parses the request bodies of the actions from untrusted JSON. Unknown fields are ignored. */
import { MAX_PART_SIZE, MAX_PARTS } from '../../limits.js';
import type {
  AllRequest,
  ChunkLoadedRequest,
  ChunkRequest,
  EndRequest,
  HeadRequest,
  InitFile,
  ListRequest,
  UploadReference,
} from '../../protocol.js';
import { isChecksumAlgorithm, MAX_CHECKSUM_LENGTH } from '../s3/checksums.js';
import { JsonFields } from './json-fields.js';
import { MAX_BODY_BYTES } from './json-body.js';
import { cutText } from '../util/cut-text.js';
import { SignerRefusal } from '../util/refusal.js';

/** Parts in one `get_all_signatures` call. */
const MAX_CHUNKS_PER_CALL = 1_000;
/** Uploads in one `chunks_loaded` call. */
const MAX_NOTIFICATIONS_PER_CALL = 500;

const MAX_NAME_LENGTH = 4_096;
/** UTF-16 units that are kept from the end of a shortened name. */
const KEPT_END_LENGTH = 256;
const MAX_TEXT_LENGTH = 1_024;
const MAX_UPLOAD_ID_LENGTH = 2_048;
const MAX_GRANT_LENGTH = 8_192;
/** Checksum algorithms that a browser may list, including unknown ones. */
const MAX_ALGORITHMS = 20;
const MAX_DATE_MS = 8_640_000_000_000_000;

/** One file of `get_init_signature`, or the reason why it is invalid. */
export type ParsedFile = { id: string; file: InitFile } | { id: string; refusal: SignerRefusal };

/**
 * Parses the files of `get_init_signature`. An invalid file with a valid ID does not affect the others.
 * @throws SignerRefusal if there is no file, too many, no valid file, or a missing, invalid or duplicate ID
 */
export function parseInitBody(body: unknown, maxFiles: number): ParsedFile[] {
  const files = new JsonFields(body).records('files', maxFiles).map(parseFileOrRefusal);
  if (new Set(files.map(({ id }) => id)).size < files.length) {
    throw new SignerRefusal(400, 'invalid-request', 'Each entry of files must have a unique id.');
  }
  const refusals = files.flatMap((parsed) => ('refusal' in parsed ? [parsed.refusal] : []));
  if (refusals.length === files.length) throw refusals[0]!;
  return files;
}

function parseFileOrRefusal(fields: JsonFields): ParsedFile {
  const id = fields.text('id', MAX_TEXT_LENGTH);
  try {
    return { id, file: parseFile(id, fields) };
  } catch (error) {
    if (!(error instanceof SignerRefusal)) throw error;
    return { id, refusal: error };
  }
}

function parseFile(id: string, fields: JsonFields): InitFile {
  return {
    id,
    filename: shortenName(fields.text('filename', MAX_BODY_BYTES, 0)),
    filesize: fields.integer('filesize', 0, Number.MAX_SAFE_INTEGER),
    last_modified: fields.optionalInteger('last_modified', -MAX_DATE_MS, MAX_DATE_MS) ?? 0,
    content_type: fields.optionalText('content_type', MAX_TEXT_LENGTH) ?? '',
    relative_path: shortenOptionalPath(fields.optionalText('relative_path', MAX_BODY_BYTES)),
    fingerprint: fields.optionalText('fingerprint', MAX_TEXT_LENGTH),
    part_size: fields.optionalInteger('part_size', 1, MAX_PART_SIZE),
    checksums: fields.optionalTexts('checksums', MAX_CHECKSUM_LENGTH, MAX_ALGORITHMS)?.filter(isChecksumAlgorithm),
    checksum: parseChecksum(fields.optionalRecord('checksum')),
    object_key: fields.optionalText('object_key', MAX_NAME_LENGTH),
    acl: fields.optionalText('acl', MAX_TEXT_LENGTH),
    params: fields.unpollutedValue('params'),
    force: fields.flag('force'),
    grant: fields.optionalText('grant', MAX_GRANT_LENGTH),
    key: fields.optionalText('key', MAX_NAME_LENGTH),
    upload_id: fields.has('upload_id') ? fields.token('upload_id', MAX_UPLOAD_ID_LENGTH) : undefined,
  };
}

/** Keeps the start of the name, and its end with the extension. */
const shortenName = (name: string): string =>
  name.length <= MAX_NAME_LENGTH ? name : cutText(name, MAX_NAME_LENGTH - KEPT_END_LENGTH) + endOf(name);

const shortenOptionalPath = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : shortenName(path);

const endOf = (text: string): string => text.slice(-KEPT_END_LENGTH).replace(/^[\uDC00-\uDFFF]/, '');

/** A checksum of an unknown algorithm is ignored. */
function parseChecksum(fields: JsonFields | undefined): InitFile['checksum'] {
  const algorithm = fields?.text('algorithm', MAX_CHECKSUM_LENGTH);
  if (!fields || !isChecksumAlgorithm(algorithm)) return undefined;
  return { algorithm, value: fields.text('value', MAX_CHECKSUM_LENGTH) };
}

/** Parses `get_delete_signature`. */
export const parseUploadReference = (body: unknown): UploadReference => uploadReferenceIn(new JsonFields(body));

/** Parses `get_head_signature`. */
export const parseHeadBody = (body: unknown): HeadRequest => headReferenceIn(new JsonFields(body));

/** Parses `get_chunk_signature`. */
export function parseChunkBody(body: unknown): ChunkRequest {
  const fields = new JsonFields(body);
  return {
    ...uploadReferenceIn(fields),
    chunk: fields.integer('chunk', 1, MAX_PARTS),
    size: fields.integer('size', 0, MAX_PART_SIZE),
    checksum: fields.optionalText('checksum', MAX_CHECKSUM_LENGTH),
  };
}

/** Parses `get_list_signature`. */
export function parseListBody(body: unknown): ListRequest {
  const fields = new JsonFields(body);
  return {
    ...uploadReferenceIn(fields),
    part_number_marker: fields.optionalInteger('part_number_marker', 0, MAX_PARTS),
  };
}

/** Parses `get_end_signature`. */
export function parseEndBody(body: unknown): EndRequest {
  const fields = new JsonFields(body);
  return {
    ...uploadReferenceIn(fields),
    size: fileSizeIn(fields),
    checksum: fields.optionalText('checksum', MAX_CHECKSUM_LENGTH),
  };
}

/** Parses `get_all_signatures`. */
export function parseAllBody(body: unknown): AllRequest {
  const fields = new JsonFields(body);
  const chunks = fields.integers('chunks', 1, MAX_PARTS, MAX_CHUNKS_PER_CALL);
  const checksums = fields.optionalRecord('checksums');
  const values = chunks.flatMap((chunk) => {
    const value = checksums?.optionalText(String(chunk), MAX_CHECKSUM_LENGTH);
    return value === undefined ? [] : [[chunk, value] as const];
  });
  return {
    ...uploadReferenceIn(fields),
    size: fileSizeIn(fields),
    part_size: fields.integer('part_size', 1, MAX_PART_SIZE),
    chunks,
    checksums: Object.fromEntries(values),
  };
}

/** Parses `chunk_loaded`. */
export const parseChunkLoadedBody = (body: unknown): ChunkLoadedRequest => parseNotification(new JsonFields(body));

/**
 * Parses the uploads of `chunks_loaded`. An invalid one does not affect the others.
 * @throws SignerRefusal if there is no upload, or no valid one
 */
export function parseChunksLoadedBody(body: unknown): (ChunkLoadedRequest | SignerRefusal)[] {
  const notifications = new JsonFields(body).records('uploads', MAX_NOTIFICATIONS_PER_CALL).map((fields) => {
    try {
      return parseNotification(fields);
    } catch (error) {
      if (error instanceof SignerRefusal) return error;
      throw error;
    }
  });
  const [first] = notifications;
  if (first instanceof SignerRefusal && notifications.every((notification) => notification instanceof SignerRefusal))
    throw first;
  return notifications;
}

function parseNotification(fields: JsonFields): ChunkLoadedRequest {
  // a file that was sent in a single request has no upload ID
  const reference =
    fields.value('upload_id') === '' ? { ...headReferenceIn(fields), upload_id: '' } : uploadReferenceIn(fields);
  return {
    ...reference,
    chunks: fields.has('chunks') ? fields.integers('chunks', 1, MAX_PARTS, MAX_PARTS) : [],
    state: fields.optionalOneOf('state', ['started', 'complete', 'aborted']),
  };
}

const fileSizeIn = (fields: JsonFields): number => fields.integer('size', 0, Number.MAX_SAFE_INTEGER);

const headReferenceIn = (fields: JsonFields): HeadRequest => ({
  key: fields.text('key', MAX_NAME_LENGTH),
  grant: fields.optionalText('grant', MAX_GRANT_LENGTH),
});

const uploadReferenceIn = (fields: JsonFields): UploadReference => ({
  ...headReferenceIn(fields),
  upload_id: fields.token('upload_id', MAX_UPLOAD_ID_LENGTH),
});
