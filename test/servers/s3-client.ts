import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { childTextOf, elementsOf, textOf } from './xml-text.js';

/** Address of a store, and credentials for it. */
export interface StoreAccess {
  /** Origin without a trailing slash. */
  url: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

export interface ListedPart {
  partNumber: number;
  size: number;
  /** Without quotes. */
  etag: string;
}

export interface ListedParts {
  parts: ListedPart[];
  isTruncated: boolean;
  nextMarker: number;
}

export interface PresignOptions {
  /** Seconds that the signature is valid for. */
  expires?: number;
  /** Headers that are signed in addition to the host. */
  headers?: Record<string, string>;
  /** The time in the signature, in epoch milliseconds; the present by default. */
  signedAt?: number;
}

export interface RequestOptions {
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** The time in the signature, in epoch milliseconds; the present by default. */
  signedAt?: number;
}

const signingDate = (signedAt?: number): { datetime?: string } =>
  signedAt === undefined ? {} : { datetime: new Date(signedAt).toISOString().replace(/[:-]|\.\d{3}/g, '') };

/** An error response, with S3's code. */
export class S3Error extends Error {
  override readonly name = 'StoreRefusal';
  constructor(
    readonly status: number,
    /** Empty if the response had no body. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const stripQuotes = (etag: string): string => etag.replaceAll('"', '');

/** An S3 client for tests. It signs by aws4fetch, not by this project's code, and uses path-style URLs. */
export class S3Client {
  readonly #aws: AwsClient;

  constructor(readonly access: StoreAccess) {
    const { accessKeyId, secretAccessKey, region } = access;
    this.#aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  }

  /** Returns the URL of a bucket or object. */
  address(bucket: string, key = '', query: Record<string, string> = {}): string {
    const url = new URL(`${this.access.url}/${bucket}${key && `/${key.split('/').map(encodeURIComponent).join('/')}`}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Returns a presigned URL for one method and URL. */
  async presign(
    method: string,
    url: string,
    { expires = 600, headers = {}, signedAt }: PresignOptions = {},
  ): Promise<string> {
    const target = new URL(url);
    target.searchParams.set('X-Amz-Expires', String(expires));
    const aws = { signQuery: true, allHeaders: true, ...signingDate(signedAt) };
    const signed = await this.#aws.sign(target, { method, headers, aws });
    return signed.url;
  }

  /** Sends a request that is signed in its Authorization header. @returns the response, with any status */
  async request(method: string, url: string, { body, headers = {}, signedAt }: RequestOptions = {}): Promise<Response> {
    const payload = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    return this.#aws.fetch(url, {
      method,
      headers: { 'x-amz-content-sha256': payload, ...headers },
      // Ceph 20 rejects a content type that is not signed
      aws: { allHeaders: true, ...signingDate(signedAt) },
      ...(body !== undefined && { body }),
    });
  }

  /** @throws StoreRefusal */
  async createBucket(bucket: string): Promise<void> {
    await this.#requireOk(await this.request('PUT', this.address(bucket)));
  }

  /** Sets a CORS rule that allows every origin the methods and headers that uploads use. */
  async allowEveryOrigin(bucket: string): Promise<void> {
    const rule =
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>'
      + ['GET', 'PUT', 'POST', 'HEAD', 'DELETE'].map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join('')
      + '<AllowedHeader>*</AllowedHeader>'
      + [
        'ETag',
        'Retry-After',
        'x-amz-request-id',
        'x-amz-version-id',
        'x-amz-checksum-crc64nvme',
        'x-amz-checksum-crc32c',
        'x-amz-checksum-crc32',
        'x-amz-checksum-sha256',
      ]
        .map((header) => `<ExposeHeader>${header}</ExposeHeader>`)
        .join('')
      + '<MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>';
    await this.putCors(bucket, rule);
  }

  /** @throws StoreRefusal */
  async putCors(bucket: string, document: string): Promise<void> {
    const md5 = createHash('md5').update(document).digest('base64');
    const headers = { 'content-type': 'application/xml', 'content-md5': md5 };
    await this.#requireOk(
      await this.request('PUT', this.address(bucket, '', { cors: '' }), { body: document, headers }),
    );
  }

  /** @returns the upload ID */
  async createUpload(bucket: string, key: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.#requireOk(
      await this.request('POST', this.address(bucket, key, { uploads: '' }), { headers }),
    );
    return textOf(await answer.text(), 'UploadId');
  }

  /** @returns the ETag without quotes */
  async uploadPart(
    bucket: string,
    key: string,
    uploadId: string,
    partNumber: number,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<string> {
    const url = this.address(bucket, key, { partNumber: String(partNumber), uploadId });
    const answer = await this.#requireOk(await this.request('PUT', url, { body }));
    return stripQuotes(answer.headers.get('etag') ?? '');
  }

  /** Returns one page of an upload's parts. */
  async listPartsPage(
    bucket: string,
    key: string,
    uploadId: string,
    { marker = 0, limit = 1000 } = {},
  ): Promise<ListedParts> {
    const query = { uploadId, 'max-parts': String(limit), 'part-number-marker': String(marker) };
    const xml = await (await this.#requireOk(await this.request('GET', this.address(bucket, key, query)))).text();
    const parts = elementsOf(xml, 'Part').map((part) => ({
      partNumber: Number(childTextOf(part, 'PartNumber')),
      size: Number(childTextOf(part, 'Size')),
      etag: stripQuotes(childTextOf(part, 'ETag')),
    }));
    return {
      parts,
      isTruncated: textOf(xml, 'IsTruncated') === 'true',
      nextMarker: Number(textOf(xml, 'NextPartNumberMarker')),
    };
  }

  /** Returns every stored part of an upload. */
  async listParts(bucket: string, key: string, uploadId: string): Promise<ListedPart[]> {
    const all: ListedPart[] = [];
    for (let marker = 0; ;) {
      const { parts, isTruncated, nextMarker } = await this.listPartsPage(bucket, key, uploadId, { marker });
      all.push(...parts);
      if (!isTruncated) return all;
      marker = nextMarker;
    }
  }

  /** Returns the unfinished multipart uploads of a bucket. */
  async listUploads(bucket: string): Promise<{ key: string; uploadId: string }[]> {
    const xml = await (
      await this.#requireOk(await this.request('GET', this.address(bucket, '', { uploads: '' })))
    ).text();
    return elementsOf(xml, 'Upload').map((upload) => ({
      key: childTextOf(upload, 'Key'),
      uploadId: childTextOf(upload, 'UploadId'),
    }));
  }

  /** Returns keys and sizes of the bucket's first thousand objects. */
  async listObjects(bucket: string): Promise<{ key: string; size: number }[]> {
    const xml = await (
      await this.#requireOk(await this.request('GET', this.address(bucket, '', { 'list-type': '2' })))
    ).text();
    return elementsOf(xml, 'Contents').map((object) => ({
      key: childTextOf(object, 'Key'),
      size: Number(childTextOf(object, 'Size')),
    }));
  }

  /** Sends CompleteMultipartUpload. @returns the response, with any status; a 200 may contain an error */
  async complete(
    bucket: string,
    key: string,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const list = parts
      .map(({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${etag}"</ETag></Part>`)
      .join('');
    const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`;
    return this.request('POST', this.address(bucket, key, { uploadId }), {
      body,
      headers: { 'content-type': 'application/xml', ...headers },
    });
  }

  async abort(bucket: string, key: string, uploadId: string): Promise<Response> {
    return this.request('DELETE', this.address(bucket, key, { uploadId }));
  }

  async put(
    bucket: string,
    key: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.request('PUT', this.address(bucket, key), { body, headers });
  }

  async get(bucket: string, key: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request('GET', this.address(bucket, key), { headers });
  }

  async head(bucket: string, key: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request('HEAD', this.address(bucket, key), { headers });
  }

  async delete(bucket: string, key: string): Promise<Response> {
    return this.request('DELETE', this.address(bucket, key));
  }

  /** Returns SHA-256 and size of an object; reads it as a stream, so that it may be larger than memory. */
  async digest(bucket: string, key: string): Promise<{ sha256: string; size: number }> {
    const answer = await this.#requireOk(await this.get(bucket, key));
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of answer.body!) {
      hash.update(chunk);
      size += chunk.length;
    }
    return { sha256: hash.digest('hex'), size };
  }

  async #requireOk(answer: Response): Promise<Response> {
    if (answer.ok) return answer;
    const text = await answer.text();
    throw new S3Error(answer.status, textOf(text, 'Code'), `${answer.status} ${text || answer.url}`);
  }
}

/** Returns HTTP status and S3 error code of a response. */
export async function statusAndCode(answer: Response): Promise<{ status: number; code: string }> {
  return { status: answer.status, code: textOf(await answer.text(), 'Code') };
}
