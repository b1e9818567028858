import type { ServerResponse } from 'node:http';
import type { Behaviour } from './behaviour.js';
import type { Bucket } from './buckets.js';
import type { S3Request } from './request.js';

/** One request with a valid signature, its bucket, and the response. */
export interface Exchange {
  request: S3Request;
  response: ServerResponse;
  bucket: Bucket;
  behaviour: Behaviour;
  /** SHA-256 in hex that the body must have; null if the payload is unsigned. */
  payloadSha256: string | null;
}

/** Handles one S3 operation. */
export type Handler = (exchange: Exchange) => Promise<void>;

/** Ends the response without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...(status !== 204 && { 'content-length': '0' }), ...headers });
  response.end();
}

/** Ends the response with an XML document; HEAD leaves the document out. */
export function sendXml(
  response: ServerResponse,
  status: number,
  document: string,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(document);
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': String(body.length), ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Returns an ETag as the header and the XML write it. */
export const quoted = (etag: string): string => `"${etag}"`;
