/** Environment for attacks: a bucket server that checks signatures, a signer over HTTP, and users who sign in by a header. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBucket } from '../../../demo/bucket/index.js';
import type { Action, InitAnswer, InitFile, Signed } from '../../../src/protocol.js';
import { createSigner } from '../../../src/signer/index.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { toNodeHandler } from '../../../src/signer/node.js';
import { CREDENTIALS, fileOf } from '../caller.js';
import type { Granted } from '../caller.js';

export const PART = 5 * 1024 ** 2;

export interface Answer {
  status: number;
  text: string;
  /** Code of a refusal. */
  code: string;
  headers: Headers;
}

export interface AttackCaller {
  call(action: Action, body: unknown): Promise<Answer>;
  /** Calls init for one file, and returns the answer for it; a refused file has `error`. */
  init(file?: Partial<InitFile>): Promise<Granted>;
  /** Creates a multipart upload for a file of two parts and one byte. */
  begin(file?: Partial<InitFile>): Promise<{ key: string; grant: string; upload_id: string }>;
}

export interface AttackHarness {
  url: string;
  /** URL of the bucket server. */
  store: string;
  /** Errors that `onError` received: attacks must cause none. */
  faults: unknown[];
  /** Returns a caller who is signed in with this name, or not signed in if it is null. */
  signIn(name: string | null): AttackCaller;
  stop(): Promise<void>;
}

/** Sends a signed request, as any holder of it can. */
export async function replay(signed: Signed, body?: BodyInit): Promise<Answer> {
  const { method, url, headers = {} } = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
  return read(await fetch(url, { method, headers, body }));
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const code = /"code":"([^"]+)"|<Code>([^<]+)/.exec(text);
  return { status: response.status, text, code: code?.[1] ?? code?.[2] ?? '', headers: response.headers };
}

export async function startAttackHarness(options: Partial<SignerOptions> = {}): Promise<AttackHarness> {
  const dir = await mkdtemp(path.join(tmpdir(), 'mule-attack-'));
  const bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
  const faults: unknown[] = [];
  const sign = createSigner({
    bucket: 'films',
    endpoint: bucket.url,
    refusesUnsignedHeaders: true,
    credentials: CREDENTIALS,
    authorize: (request) => request.headers.get('x-user'),
    onError: (error) => faults.push(error),
    ...options,
    policy: { partSize: PART, ...options.policy },
  });
  const server = createServer(toNodeHandler(sign)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`;

  const createUser = (name: string | null): AttackCaller => {
    const headers = { 'content-type': 'application/json', ...(name === null ? {} : { 'x-user': name }) };
    const call: AttackCaller['call'] = async (action, body) =>
      read(await fetch(`${url}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) }));
    const init: AttackCaller['init'] = async (file) => {
      const { text } = await call('get_init_signature', { files: [fileOf({ filesize: 2 * PART + 1, ...file })] });
      return (JSON.parse(text) as InitAnswer).files[0] as unknown as Granted;
    };
    return {
      call,
      init,
      async begin(file) {
        const { key, grant, init: create } = await init(file);
        const { text } = await replay(create!);
        return { key, grant, upload_id: /<UploadId>([^<]+)/.exec(text)![1]! };
      },
    };
  };
  return {
    url,
    store: bucket.url,
    faults,
    signIn: createUser,
    async stop() {
      server.closeAllConnections();
      server.close();
      await bucket.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** Returns a valid call of every action that signs requests for an existing upload. */
export const callsFor = (reference: { key: string; grant: string; upload_id: string }): [Action, object][] => [
  ['get_chunk_signature', { ...reference, chunk: 3, size: 1 }],
  ['get_list_signature', reference],
  ['get_end_signature', { ...reference, size: 2 * PART + 1 }],
  ['get_delete_signature', reference],
  ['get_head_signature', reference],
  ['get_all_signatures', { ...reference, size: 2 * PART + 1, part_size: PART, chunks: [1, 2, 3] }],
];
