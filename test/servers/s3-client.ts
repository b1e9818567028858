import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { childTextOf, elementsOf, textOf } from './xml-text.js';

/** A store and the credentials to use. */
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
  /** Seconds. */
  expires?: number;
  /** Signed along with the host. */
  headers?: Record<string, string>;
  /** Epoch milliseconds the signature claims to be made at. */
  at?: number;
}

export interface RequestOptions {
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** Epoch milliseconds the signature claims to be made at. */
  at?: number;
}

const dated = (at?: number): { datetime?: string } =>
  at === undefined ? {} : { datetime: new Date(at).toISOString().replace(/[:-]|\.\d{3}/g, '') };

/** An error response, with S3's code. */
export class StoreRefusal extends Error {
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

const unquoted = (etag: string): string => etag.replaceAll('"', '');

/** S3 for tests, signed by aws4fetch: independent of the project's own signing. Addresses are path-style. */
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

  /** Presigns a URL for exactly that request. */
  async presign(
    method: string,
    url: string,
    { expires = 600, headers = {}, at }: PresignOptions = {},
  ): Promise<string> {
    const target = new URL(url);
    target.searchParams.set('X-Amz-Expires', String(expires));
    const aws = { signQuery: true, allHeaders: true, ...dated(at) };
    const signed = await this.#aws.sign(target, { method, headers, aws });
    return signed.url;
  }

  /** Sends a request signed in the Authorization header and returns any response. */
  async request(method: string, url: string, { body, headers = {}, at }: RequestOptions = {}): Promise<Response> {
    const payload = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    return this.#aws.fetch(url, {
      method,
      headers: { 'x-amz-content-sha256': payload, ...headers },
      // Ceph 20 rejects a content type that is not signed
      aws: { allHeaders: true, ...dated(at) },
      ...(body !== undefined && { body }),
    });
  }

  /** @throws StoreRefusal */
  async createBucket(bucket: string): Promise<void> {
    await this.#expect(await this.request('PUT', this.address(bucket)));
  }

  /** Sets a CORS rule that allows every origin everything that uploads need. */
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
    await this.#expect(await this.request('PUT', this.address(bucket, '', { cors: '' }), { body: document, headers }));
  }

  /** @returns the upload id */
  async createUpload(bucket: string, key: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.#expect(
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
    const answer = await this.#expect(await this.request('PUT', url, { body }));
    return unquoted(answer.headers.get('etag') ?? '');
  }

  /** One page of an upload's parts. */
  async listPartsPage(
    bucket: string,
    key: string,
    uploadId: string,
    { marker = 0, limit = 1000 } = {},
  ): Promise<ListedParts> {
    const query = { uploadId, 'max-parts': String(limit), 'part-number-marker': String(marker) };
    const xml = await (await this.#expect(await this.request('GET', this.address(bucket, key, query)))).text();
    const parts = elementsOf(xml, 'Part').map((part) => ({
      partNumber: Number(childTextOf(part, 'PartNumber')),
      size: Number(childTextOf(part, 'Size')),
      etag: unquoted(childTextOf(part, 'ETag')),
    }));
    return {
      parts,
      isTruncated: textOf(xml, 'IsTruncated') === 'true',
      nextMarker: Number(textOf(xml, 'NextPartNumberMarker')),
    };
  }

  /** Every stored part of an upload. */
  async listParts(bucket: string, key: string, uploadId: string): Promise<ListedPart[]> {
    const all: ListedPart[] = [];
    for (let marker = 0; ;) {
      const { parts, isTruncated, nextMarker } = await this.listPartsPage(bucket, key, uploadId, { marker });
      all.push(...parts);
      if (!isTruncated) return all;
      marker = nextMarker;
    }
  }

  /** The unfinished multipart uploads. */
  async listUploads(bucket: string): Promise<{ key: string; uploadId: string }[]> {
    const xml = await (await this.#expect(await this.request('GET', this.address(bucket, '', { uploads: '' })))).text();
    return elementsOf(xml, 'Upload').map((upload) => ({
      key: childTextOf(upload, 'Key'),
      uploadId: childTextOf(upload, 'UploadId'),
    }));
  }

  /** Keys and sizes of the bucket's objects, its first thousand. */
  async listObjects(bucket: string): Promise<{ key: string; size: number }[]> {
    const xml = await (
      await this.#expect(await this.request('GET', this.address(bucket, '', { 'list-type': '2' })))
    ).text();
    return elementsOf(xml, 'Contents').map((object) => ({
      key: childTextOf(object, 'Key'),
      size: Number(childTextOf(object, 'Size')),
    }));
  }

  /** Sends Complete and returns any response: 200 may contain an error. */
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

  /** Reads an object as a stream, whatever its size. */
  async digest(bucket: string, key: string): Promise<{ sha256: string; size: number }> {
    const answer = await this.#expect(await this.get(bucket, key));
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of answer.body!) {
      hash.update(chunk);
      size += chunk.length;
    }
    return { sha256: hash.digest('hex'), size };
  }

  async #expect(answer: Response): Promise<Response> {
    if (answer.ok) return answer;
    const text = await answer.text();
    throw new StoreRefusal(answer.status, textOf(text, 'Code'), `${answer.status} ${text || answer.url}`);
  }
}

/** Returns status and S3 code of a response, for comparing stores. */
export async function statusAndCode(answer: Response): Promise<{ status: number; code: string }> {
  return { status: answer.status, code: textOf(await answer.text(), 'Code') };
}
