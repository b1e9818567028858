import type { ServerResponse } from 'node:http';
import { MAX_PART_SIZE } from '../../src/limits.js';
import { takeBitFlip } from './behaviour.js';
import type { Behaviour } from './behaviour.js';
import type { Bucket } from './buckets.js';
import { S3Error } from './errors.js';
import { quoted, sendEmpty, sendXml } from './exchange.js';
import { receiveFile } from './files.js';
import { readField, readFormParts } from './form-data.js';
import type { FormPart } from './form-data.js';
import { readSentChecksum, etagOf, readStoredHeaders } from './object-handlers.js';
import { assertPolicy } from './post-policy.js';
import type { S3Request } from './request.js';
import type { SignatureRules } from './signature.js';
import { element, xmlDocument } from './xml.js';

/** A POST of a browser's form. Its signature is among the form's fields, and is not verified yet. */
export interface PostExchange {
  request: S3Request;
  response: ServerResponse;
  bucket: Bucket;
  behaviour: Behaviour;
  rules: SignatureRules;
  now: number;
}

async function readFieldsUpToFile(
  parts: AsyncGenerator<FormPart>,
): Promise<{ fields: Map<string, string>; file: FormPart }> {
  const fields = new Map<string, string>();
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.name === 'file') return { fields, file: next.value };
    fields.set(next.value.name, await readField(next.value));
  }
  throw new S3Error('InvalidArgument', 'POST requires exactly one file upload per request.', {
    ArgumentName: 'file',
    ArgumentValue: 0,
  });
}

/**
 * Replaces `${filename}` by the file's name, without a path: in every field but policy and signature, and before the
 * policy is checked, as S3 does.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
function fillFilename(fields: ReadonlyMap<string, string>, filename: string): Map<string, string> {
  const name = filename.split(/[/\\]/).at(-1)!;
  const isFixed = (field: string): boolean => field === 'policy' || field === 'x-amz-signature';
  return new Map(
    [...fields].map(([field, value]) => [field, isFixed(field) ? value : value.replaceAll('${filename}', () => name)]),
  );
}

function sendPostResponse(
  { response, bucket, request }: PostExchange,
  key: string,
  etag: string,
  successStatus: string | undefined,
): void {
  const location = `http://${request.header('host') ?? ''}/${bucket.name}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const headers = { etag: quoted(etag), location };
  if (successStatus !== '201') {
    sendEmpty(response, successStatus === '200' ? 200 : 204, headers);
    return;
  }
  const document = xmlDocument(
    'PostResponse',
    [element('Location', location), element('Bucket', bucket.name), element('Key', key), element('ETag', quoted(etag))],
    { namespace: false },
  );
  sendXml(response, 201, document, headers);
}

/**
 * Stores the file of a form that has a signed policy.
 * @throws S3Error if policy, form and file do not match
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export async function postObject(exchange: PostExchange): Promise<void> {
  const { request, bucket, behaviour, rules, now } = exchange;
  if (!behaviour.acceptsPost) throw new S3Error('NotImplemented', 'PostObject is not implemented');
  const parts = readFormParts(request.body(), request.header('content-type') ?? '');
  const { fields: sentFields, file } = await readFieldsUpToFile(parts);
  const fields = fillFilename(sentFields, file.filename ?? '');
  const key = fields.get('key');
  if (!key)
    throw new S3Error('InvalidArgument', 'Bucket POST must contain a field named "key".', { ArgumentName: 'key' });
  const { minSize, maxSize } = assertPolicy(new Map([...fields, ['bucket', bucket.name]]), rules, now);
  const received = await receiveFile(file.body, bucket.objects.temporaryPath(), {
    minSize,
    maxSize: Math.min(maxSize, MAX_PART_SIZE),
    checksum: readSentChecksum(fields, behaviour),
    bitFlip: takeBitFlip(behaviour, 0),
  });
  const { etag } = await bucket.objects.put(
    key,
    received,
    etagOf(received, behaviour),
    readStoredHeaders(fields, behaviour),
    false,
  );
  sendPostResponse(exchange, key, etag, fields.get('success_action_status'));
}
