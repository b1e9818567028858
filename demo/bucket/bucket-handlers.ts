import { corsDocument, parseCorsConfiguration } from './cors.js';
import { S3Error } from './errors.js';
import { quoted, sendEmpty, sendXml } from './exchange.js';
import type { Exchange } from './exchange.js';
import { integerParameter, readText } from './request.js';
import { element, group, xmlDocument } from './xml.js';

/** S3's own limit for a CORS configuration. */
const MAX_CORS_BODY_BYTES = 64 * 1024;
const MAX_PAGE_SIZE = 1000;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export async function headBucket({ response }: Exchange): Promise<void> {
  sendEmpty(response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export async function putCors({ request, response, bucket, payloadSha256 }: Exchange): Promise<void> {
  await bucket.setCors(parseCorsConfiguration(await readText(request.body(), MAX_CORS_BODY_BYTES, payloadSha256)));
  sendEmpty(response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
export async function getCors({ response, bucket }: Exchange): Promise<void> {
  if (bucket.cors.length === 0) throw new S3Error('NoSuchCORSConfiguration', 'The CORS configuration does not exist');
  sendXml(response, 200, corsDocument(bucket.cors));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html */
export async function deleteCors({ response, bucket }: Exchange): Promise<void> {
  await bucket.setCors([]);
  sendEmpty(response, 204);
}

/**
 * Handles ListObjectsV2, without delimiters.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects({ request, response, bucket, behaviour }: Exchange): Promise<void> {
  if (!behaviour.mayListBucket) throw new S3Error('AccessDenied', 'Access Denied');
  const limit = Math.min(
    integerParameter(request, 'max-keys', { fallback: MAX_PAGE_SIZE, min: 0, max: 2 ** 31 - 1 }),
    MAX_PAGE_SIZE,
  );
  const prefix = request.query.get('prefix') ?? '';
  const startAfter = request.query.get('continuation-token') ?? request.query.get('start-after') ?? '';
  const remaining = (await bucket.objects.list()).filter(({ key }) => key.startsWith(prefix) && key > startAfter);
  const page = remaining.slice(0, limit);
  const isTruncated = page.length < remaining.length;
  sendXml(
    response,
    200,
    xmlDocument('ListBucketResult', [
      element('Name', bucket.name),
      element('Prefix', prefix),
      element('KeyCount', page.length),
      element('MaxKeys', limit),
      element('IsTruncated', isTruncated),
      ...(isTruncated && page.length > 0 ? [element('NextContinuationToken', page.at(-1)!.key)] : []),
      ...page.map((object) =>
        group('Contents', [
          element('Key', object.key),
          element('LastModified', new Date(object.modified).toISOString()),
          element('ETag', quoted(object.etag)),
          element('Size', object.size),
          element('StorageClass', 'STANDARD'),
        ]),
      ),
    ]),
  );
}
