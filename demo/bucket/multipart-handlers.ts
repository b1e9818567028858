import { MAX_PARTS } from '../../src/limits.js';
import { takeBitFlip } from './behaviour.js';
import type { Behaviour } from './behaviour.js';
import {
  algorithmMismatch,
  CHECKSUM_ELEMENTS,
  checksumElements,
  checksumHeaders,
  readPlan,
  readType,
} from './checksums.js';
import type { Checksum, ChecksumPlan } from './checksums.js';
import type { CompleteRules, ListedPart } from './complete-rules.js';
import { copyDocument, receiveCopy } from './copies.js';
import { S3Error, errorDocument } from './errors.js';
import { quoted, sendEmpty, sendXml } from './exchange.js';
import type { Exchange } from './exchange.js';
import { receiveFile } from './files.js';
import { bodyRules, readSentChecksum, etagOf, readStoredHeaders, readMustBeNew } from './object-handlers.js';
import { integerParameter, readText } from './request.js';
import type { Completed } from './uploads.js';
import { childText, element, group, parseXml, xmlDocument } from './xml.js';
import type { XmlElement } from './xml.js';

/** 10,000 parts with checksums take about 2 MB. */
const MAX_COMPLETE_BODY_BYTES = 8 * 1024 ** 2;
const MAX_PAGE_SIZE = 1000;
/** Interval of the spaces that keep the connection of a slow Complete alive. */
const KEEPALIVE_MS = 1000;

const isoDate = (epochMs: number): string => new Date(epochMs).toISOString();

function uploadIdOf({ request }: Exchange): string {
  return request.query.get('uploadId') ?? '';
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createUpload({ request, response, bucket, behaviour }: Exchange): Promise<void> {
  const plan = behaviour.supportsChecksums ? readPlan(request.headers) : null;
  const upload = await bucket.uploads.create(request.key, readStoredHeaders(request.headers, behaviour), plan);
  sendXml(
    response,
    200,
    xmlDocument('InitiateMultipartUploadResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.id),
    ]),
    plan ? { 'x-amz-checksum-algorithm': plan.algorithm.toUpperCase(), 'x-amz-checksum-type': plan.type } : {},
  );
}

/** @throws S3Error for another algorithm than the upload's, and for a missing checksum if the plan is composite */
function assertAlgorithm(plan: ChecksumPlan | null, declared: Checksum | null): void {
  const isAllowed = declared ? !plan || plan.algorithm === declared.algorithm : plan?.type !== 'COMPOSITE';
  if (!isAllowed) throw algorithmMismatch(plan!.algorithm, declared?.algorithm ?? 'null');
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(exchange: Exchange): Promise<void> {
  const { request, response, bucket, behaviour } = exchange;
  const rules = bodyRules(exchange);
  const partNumber = integerParameter(request, 'partNumber', { min: 1, max: MAX_PARTS });
  const upload = await bucket.uploads.find(uploadIdOf(exchange), request.key);
  const plan = upload.checksum ?? null;
  assertAlgorithm(plan, rules.checksum ?? null);
  const copied = await receiveCopy(exchange);
  const received =
    copied
    ?? (await receiveFile(request.body(), bucket.objects.temporaryPath(), {
      ...rules,
      algorithm: plan?.algorithm ?? null,
      bitFlip: takeBitFlip(behaviour, partNumber),
    }));
  const part = await bucket.uploads.putPart(upload, partNumber, received, etagOf(received, behaviour));
  if (copied) sendXml(response, 200, copyDocument('CopyPartResult', part.etag));
  else sendEmpty(response, 200, { etag: quoted(part.etag), ...checksumHeaders(part.checksum) });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export async function listParts(exchange: Exchange): Promise<void> {
  const { request, response, bucket } = exchange;
  const limit = Math.min(
    integerParameter(request, 'max-parts', { fallback: MAX_PAGE_SIZE, min: 0, max: 2 ** 31 - 1 }),
    MAX_PAGE_SIZE,
  );
  const marker = integerParameter(request, 'part-number-marker', { fallback: 0, min: 0, max: 2 ** 31 - 1 });
  const upload = await bucket.uploads.find(uploadIdOf(exchange), request.key);
  const remaining = (await bucket.uploads.parts(upload)).filter(({ partNumber }) => partNumber > marker);
  const page = remaining.slice(0, limit);
  sendXml(
    response,
    200,
    xmlDocument('ListPartsResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.id),
      element('StorageClass', 'STANDARD'),
      ...(upload.checksum
        ? [
            element('ChecksumAlgorithm', upload.checksum.algorithm.toUpperCase()),
            element('ChecksumType', upload.checksum.type),
          ]
        : []),
      element('PartNumberMarker', marker),
      element('NextPartNumberMarker', page.at(-1)?.partNumber ?? 0),
      element('MaxParts', limit),
      element('IsTruncated', page.length < remaining.length),
      ...page.map((part) =>
        group('Part', [
          element('PartNumber', part.partNumber),
          element('LastModified', isoDate(part.modified)),
          element('ETag', quoted(part.etag)),
          element('Size', part.size),
          ...checksumElements(part.checksum),
        ]),
      ),
    ]),
  );
}

function readPartChecksum(part: XmlElement): Checksum | null {
  for (const [algorithm, name] of CHECKSUM_ELEMENTS) {
    const value = childText(part, name);
    if (value !== null) return { algorithm, value };
  }
  return null;
}

function readListedParts(text: string): ListedPart[] {
  try {
    const root = parseXml(text);
    const parts = root.children
      .filter(({ name }) => name === 'Part')
      .map((part) => ({
        partNumber: Number(childText(part, 'PartNumber')),
        etag: (childText(part, 'ETag') ?? '').replaceAll('"', ''),
        checksum: readPartChecksum(part),
      }));
    const isValid = root.name === 'CompleteMultipartUpload' && parts.length > 0 && parts.length <= MAX_PARTS;
    if (isValid && parts.every(({ partNumber, etag }) => Number.isInteger(partNumber) && partNumber > 0 && etag))
      return parts;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

async function complete(exchange: Exchange, parts: readonly ListedPart[], rules: CompleteRules): Promise<string> {
  const { request, bucket, behaviour } = exchange;
  if (behaviour.completeErrorCount > 0) {
    behaviour.completeErrorCount -= 1;
    throw new S3Error('InternalError', 'We encountered an internal error. Please try again.');
  }
  const completed = await bucket.uploads.complete(uploadIdOf(exchange), request.key, parts, rules);
  return xmlDocument('CompleteMultipartUploadResult', [
    element('Location', `http://${request.header('host') ?? ''}${request.rawPath}`),
    element('Bucket', bucket.name),
    element('Key', request.key),
    element('ETag', quoted(completed.etag)),
    ...completedChecksum(completed),
  ]);
}

const completedChecksum = ({ checksum }: Completed): string[] =>
  checksum ? [...checksumElements(checksum), element('ChecksumType', checksum.type)] : [];

/**
 * Sends 200 before the work is done, as S3 does for large objects: spaces first, the result at the end of the body.
 * Clients must accept white space before an XML declaration, although strict parsers reject it.
 */
async function completeAfterDelay(
  exchange: Exchange,
  behaviour: Behaviour,
  work: () => Promise<string>,
): Promise<void> {
  const { response } = exchange;
  response.writeHead(200, { 'content-type': 'application/xml' });
  const endsAt = Date.now() + behaviour.completeDelayMs;
  while (Date.now() < endsAt && !response.destroyed) {
    response.write(' ');
    await new Promise((resolve) => setTimeout(resolve, Math.min(KEEPALIVE_MS, Math.max(endsAt - Date.now(), 0))));
  }
  try {
    response.end(await work());
  } catch (error) {
    const s3Error =
      error instanceof S3Error
        ? error
        : new S3Error('InternalError', 'We encountered an internal error. Please try again.');
    response.end(errorDocument(s3Error, String(response.getHeader('x-amz-request-id'))));
  }
}

/** @throws S3Error for invalid headers */
function completeRules({ request, behaviour }: Exchange): CompleteRules {
  const mustBeNew = readMustBeNew(request, behaviour);
  const { requiresEqualPartSizes, completeReadsFromDisk: readsFromDisk, supportsChecksums } = behaviour;
  const size = request.header('x-amz-mp-object-size');
  if (size !== undefined && !/^\d+$/.test(size))
    throw new S3Error('InvalidRequest', 'Value for x-amz-mp-object-size header is invalid.');
  const checksum = readSentChecksum(request.headers, behaviour);
  const commonRules = { mustBeNew, requiresEqualPartSizes, readsFromDisk, checksum };
  if (!supportsChecksums) return { ...commonRules, type: null, size: null };
  return { ...commonRules, type: readType(request.headers), size: size === undefined ? null : Number(size) };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeUpload(exchange: Exchange): Promise<void> {
  const { request, response, behaviour, payloadSha256 } = exchange;
  const rules = completeRules(exchange);
  const listedParts = readListedParts(await readText(request.body(), MAX_COMPLETE_BODY_BYTES, payloadSha256));
  const parts = behaviour.supportsChecksums ? listedParts : listedParts.map((part) => ({ ...part, checksum: null }));
  const work = (): Promise<string> => complete(exchange, parts, rules);
  const answersEarly = behaviour.completeDelayMs > 0 || behaviour.completeErrorCount > 0;
  if (answersEarly) await completeAfterDelay(exchange, behaviour, work);
  else sendXml(response, 200, await work());
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortUpload(exchange: Exchange): Promise<void> {
  const { request, response, bucket } = exchange;
  await bucket.uploads.abort(uploadIdOf(exchange), request.key);
  sendEmpty(response, 204);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export async function listUploads({ request, response, bucket }: Exchange): Promise<void> {
  const limit = Math.min(
    integerParameter(request, 'max-uploads', { fallback: MAX_PAGE_SIZE, min: 1, max: 2 ** 31 - 1 }),
    MAX_PAGE_SIZE,
  );
  const prefix = request.query.get('prefix') ?? '';
  const keyMarker = request.query.get('key-marker') ?? '';
  const idMarker = request.query.get('upload-id-marker') ?? '';
  const uploads = (await bucket.uploads.list()).filter(({ key }) => key.startsWith(prefix));
  const markerIndex = uploads.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const remaining = markerIndex >= 0 ? uploads.slice(markerIndex + 1) : uploads.filter(({ key }) => key > keyMarker);
  const page = remaining.slice(0, limit);
  sendXml(
    response,
    200,
    xmlDocument('ListMultipartUploadsResult', [
      element('Bucket', bucket.name),
      element('Prefix', prefix),
      element('KeyMarker', keyMarker),
      element('UploadIdMarker', idMarker),
      element('NextKeyMarker', page.at(-1)?.key ?? ''),
      element('NextUploadIdMarker', page.at(-1)?.id ?? ''),
      element('MaxUploads', limit),
      element('IsTruncated', page.length < remaining.length),
      ...page.map((upload) =>
        group('Upload', [
          element('Key', upload.key),
          element('UploadId', upload.id),
          element('StorageClass', 'STANDARD'),
          element('Initiated', isoDate(upload.initiated)),
        ]),
      ),
    ]),
  );
}
