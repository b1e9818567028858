import { MAX_PARTS } from '../../src/limits.js';
import type { Behaviour } from './behaviour.js';
import { S3Error, errorDocument } from './errors.js';
import { quoted, sendEmpty, sendXml } from './exchange.js';
import type { Exchange } from './exchange.js';
import { receiveFile } from './files.js';
import { bodyRules, etagOf, keptHeaders, readMustBeNew, refuseChecksums } from './object-handlers.js';
import { integerParameter, readText } from './request.js';
import type { NamedPart } from './uploads.js';
import { childText, element, group, parseXml, xmlDocument } from './xml.js';

/** Bytes; 10,000 parts with checksums take about 2 MB. */
const MAX_COMPLETE_BODY = 8 * 1024 ** 2;
const MAX_PAGE = 1000;
/** Milliseconds between the spaces that keep a slow Complete alive. */
const KEEPALIVE = 1000;

const isoDate = (time: number): string => new Date(time).toISOString();

function uploadIdOf({ request }: Exchange): string {
  return request.query.get('uploadId') ?? '';
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createUpload({ request, response, bucket }: Exchange): Promise<void> {
  refuseChecksums(request.headers.keys());
  const upload = await bucket.uploads.create(request.key, keptHeaders(request.headers));
  sendXml(
    response,
    200,
    xmlDocument('InitiateMultipartUploadResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.id),
    ]),
  );
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(exchange: Exchange): Promise<void> {
  const { request, response, bucket, behaviour } = exchange;
  const rules = bodyRules(exchange);
  const partNumber = integerParameter(request, 'partNumber', { min: 1, max: MAX_PARTS });
  const upload = await bucket.uploads.find(uploadIdOf(exchange), request.key);
  const received = await receiveFile(request.body(), bucket.objects.temporary(), rules);
  const part = await bucket.uploads.putPart(upload, partNumber, received, etagOf(received, behaviour));
  sendEmpty(response, 200, { etag: quoted(part.etag) });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export async function listParts(exchange: Exchange): Promise<void> {
  const { request, response, bucket } = exchange;
  const limit = Math.min(
    integerParameter(request, 'max-parts', { fallback: MAX_PAGE, min: 0, max: 2 ** 31 - 1 }),
    MAX_PAGE,
  );
  const marker = integerParameter(request, 'part-number-marker', { fallback: 0, min: 0, max: 2 ** 31 - 1 });
  const upload = await bucket.uploads.find(uploadIdOf(exchange), request.key);
  const rest = (await bucket.uploads.parts(upload)).filter(({ partNumber }) => partNumber > marker);
  const page = rest.slice(0, limit);
  sendXml(
    response,
    200,
    xmlDocument('ListPartsResult', [
      element('Bucket', bucket.name),
      element('Key', upload.key),
      element('UploadId', upload.id),
      element('StorageClass', 'STANDARD'),
      element('PartNumberMarker', marker),
      element('NextPartNumberMarker', page.at(-1)?.partNumber ?? 0),
      element('MaxParts', limit),
      element('IsTruncated', page.length < rest.length),
      ...page.map((part) =>
        group('Part', [
          element('PartNumber', part.partNumber),
          element('LastModified', isoDate(part.modified)),
          element('ETag', quoted(part.etag)),
          element('Size', part.size),
        ]),
      ),
    ]),
  );
}

function readNamedParts(text: string): NamedPart[] {
  try {
    const root = parseXml(text);
    const parts = root.children
      .filter(({ name }) => name === 'Part')
      .map((part) => ({
        partNumber: Number(childText(part, 'PartNumber')),
        etag: (childText(part, 'ETag') ?? '').replaceAll('"', ''),
      }));
    const isWhole = root.name === 'CompleteMultipartUpload' && parts.length > 0 && parts.length <= MAX_PARTS;
    if (isWhole && parts.every(({ partNumber, etag }) => Number.isInteger(partNumber) && partNumber > 0 && etag))
      return parts;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

async function complete(exchange: Exchange, parts: readonly NamedPart[], mustBeNew: boolean): Promise<string> {
  const { request, bucket, behaviour } = exchange;
  if (behaviour.completeErrors > 0) {
    behaviour.completeErrors -= 1;
    throw new S3Error('InternalError', 'We encountered an internal error. Please try again.');
  }
  const { etag } = await bucket.uploads.complete(uploadIdOf(exchange), request.key, parts, {
    mustBeNew,
    equalPartSizes: behaviour.equalPartSizes,
  });
  return xmlDocument('CompleteMultipartUploadResult', [
    element('Location', `http://${request.header('host') ?? ''}${request.rawPath}`),
    element('Bucket', bucket.name),
    element('Key', request.key),
    element('ETag', quoted(etag)),
  ]);
}

/**
 * Answers 200 before the work is done, as S3 does for large objects: spaces first, the verdict in the body.
 * White space before an XML declaration is what strict parsers trip over, and what clients must bear.
 */
async function completeLate(exchange: Exchange, behaviour: Behaviour, work: () => Promise<string>): Promise<void> {
  const { response } = exchange;
  response.writeHead(200, { 'content-type': 'application/xml' });
  const until = Date.now() + behaviour.completeDelay;
  while (Date.now() < until && !response.destroyed) {
    response.write(' ');
    await new Promise((resolve) => setTimeout(resolve, Math.min(KEEPALIVE, Math.max(until - Date.now(), 0))));
  }
  try {
    response.end(await work());
  } catch (error) {
    const refusal =
      error instanceof S3Error
        ? error
        : new S3Error('InternalError', 'We encountered an internal error. Please try again.');
    response.end(errorDocument(refusal, String(response.getHeader('x-amz-request-id'))));
  }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeUpload(exchange: Exchange): Promise<void> {
  const { request, response, behaviour, payloadSha256 } = exchange;
  refuseChecksums(request.headers.keys());
  const mustBeNew = readMustBeNew(request, behaviour);
  const parts = readNamedParts(await readText(request.body(), MAX_COMPLETE_BODY, payloadSha256));
  const work = (): Promise<string> => complete(exchange, parts, mustBeNew);
  const answersEarly = behaviour.completeDelay > 0 || behaviour.completeErrors > 0;
  if (answersEarly) await completeLate(exchange, behaviour, work);
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
    integerParameter(request, 'max-uploads', { fallback: MAX_PAGE, min: 1, max: 2 ** 31 - 1 }),
    MAX_PAGE,
  );
  const prefix = request.query.get('prefix') ?? '';
  const keyMarker = request.query.get('key-marker') ?? '';
  const idMarker = request.query.get('upload-id-marker') ?? '';
  const uploads = (await bucket.uploads.list()).filter(({ key }) => key.startsWith(prefix));
  const marked = uploads.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const rest = marked >= 0 ? uploads.slice(marked + 1) : uploads.filter(({ key }) => key > keyMarker);
  const page = rest.slice(0, limit);
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
      element('IsTruncated', page.length < rest.length),
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
