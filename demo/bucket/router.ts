import { deleteCors, getCors, headBucket, listObjects, putCors } from './bucket-handlers.js';
import type { Behaviour } from './behaviour.js';
import { S3Error } from './errors.js';
import type { Handler } from './exchange.js';
import { abortUpload, completeUpload, createUpload, listParts, listUploads, uploadPart } from './multipart-handlers.js';
import { deleteObject, getObject, putObject } from './object-handlers.js';
import type { S3Request } from './request.js';

interface Route {
  method: string;
  /** Whether the operation concerns an object or the bucket. */
  target: 'object' | 'bucket';
  /** Query parameter that distinguishes operations of one method. */
  parameter?: string;
  handler: Handler;
}

/** The first route that matches handles the request. */
const ROUTES: readonly Route[] = [
  { method: 'POST', target: 'object', parameter: 'uploads', handler: createUpload },
  { method: 'POST', target: 'object', parameter: 'uploadId', handler: completeUpload },
  { method: 'PUT', target: 'object', parameter: 'uploadId', handler: uploadPart },
  { method: 'GET', target: 'object', parameter: 'uploadId', handler: listParts },
  { method: 'DELETE', target: 'object', parameter: 'uploadId', handler: abortUpload },
  { method: 'PUT', target: 'object', handler: putObject },
  { method: 'GET', target: 'object', handler: getObject },
  { method: 'HEAD', target: 'object', handler: getObject },
  { method: 'DELETE', target: 'object', handler: deleteObject },
  { method: 'GET', target: 'bucket', parameter: 'uploads', handler: listUploads },
  { method: 'GET', target: 'bucket', parameter: 'cors', handler: getCors },
  { method: 'PUT', target: 'bucket', parameter: 'cors', handler: putCors },
  { method: 'DELETE', target: 'bucket', parameter: 'cors', handler: deleteCors },
  { method: 'GET', target: 'bucket', handler: listObjects },
  { method: 'HEAD', target: 'bucket', handler: headBucket },
];

/**
 * Query parameters of S3 operations that this store does not support. It rejects them, because without the parameter the
 * request would be another operation.
 */
const UNSUPPORTED_PARAMETERS = [
  'acl',
  'tagging',
  'versions',
  'policy',
  'lifecycle',
  'versioning',
  'torrent',
  'attributes',
  'retention',
  'legal-hold',
  'delete',
  'partNumber',
];

/**
 * Finds the handler of a request.
 * @throws S3Error NotImplemented, MethodNotAllowed
 */
export function findHandler({ method, key, query, headers }: S3Request, { copies }: Behaviour): Handler {
  const target = key ? 'object' : 'bucket';
  const route = ROUTES.find(
    (candidate) =>
      candidate.method === method
      && candidate.target === target
      && (!candidate.parameter || query.has(candidate.parameter)),
  );
  if (!route)
    throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      Method: method,
    });
  const unsupported = UNSUPPORTED_PARAMETERS.find(
    (name) => query.has(name) && !(name === 'partNumber' && query.has('uploadId')),
  );
  if (unsupported || (headers.has('x-amz-copy-source') && !copies))
    throw new S3Error('NotImplemented', `This store does not support ${unsupported ?? 'copies'}.`);
  return route.handler;
}
