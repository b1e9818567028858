import { MAX_PART_SIZE } from '../../src/limits.js';
import { S3Error } from './errors.js';
import type { Exchange } from './exchange.js';
import { receiveFile } from './files.js';
import type { ReceivedFile } from './files.js';
import { element, xmlDocument } from './xml.js';

const isCopy = ({ request }: Exchange): boolean => request.header('x-amz-copy-source') !== undefined;

/** Reads `/{bucket}/{key}`, percent-encoded, with or without the leading slash. */
function readSource(text: string): { bucket: string; key: string } {
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decodeURIComponent(text)) ?? [];
  if (!bucket || !key) throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key.');
  return { bucket, key };
}

function readSourceRange(text: string | undefined, size: number): { start: number; end: number } {
  if (text === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(text);
  if (!match)
    throw new S3Error('InvalidArgument', 'The x-amz-copy-source-range value must be of the form bytes=first-last');
  return { start: Number(match[1]), end: Math.min(Number(match[2]) + 1, size) };
}

/**
 * Receives the source of a copy instead of the request's body; null if the request is not a copy.
 * @throws S3Error NoSuchBucket, NoSuchKey, InvalidArgument, PreconditionFailed
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export async function receiveCopy(exchange: Exchange): Promise<ReceivedFile | null> {
  const { request, bucket, behaviour } = exchange;
  if (!isCopy(exchange)) return null;
  const source = readSource(request.header('x-amz-copy-source')!);
  if (source.bucket !== bucket.name)
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: source.bucket });
  const { respects } = behaviour.copies!;
  const range = respects === 'range' ? request.header('x-amz-copy-source-range') : undefined;
  // a malformed range is rejected before the object is looked up
  readSourceRange(range, 0);
  const object = await bucket.objects.find(source.key);
  if (!object) throw new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: source.key });
  const expectedEtag = respects === 'condition' ? request.header('x-amz-copy-source-if-match') : undefined;
  if (expectedEtag !== undefined && expectedEtag.replaceAll('"', '') !== object.etag) {
    throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      Condition: 'x-amz-copy-source-If-Match',
    });
  }
  const { start, end } = readSourceRange(range, object.size);
  return receiveFile(bucket.objects.read(object, start, end), bucket.objects.temporaryPath(), {
    maxSize: MAX_PART_SIZE,
  });
}

/** Writes the body of the response to a copy. */
export const copyDocument = (name: 'CopyObjectResult' | 'CopyPartResult', etag: string): string =>
  xmlDocument(name, [element('LastModified', new Date().toISOString()), element('ETag', `"${etag}"`)]);
