/** A signer with example credentials and a fixed clock, and functions that call it as a browser does. */
import assert from 'node:assert/strict';
import { createSigner } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import type { Action, InitAnswer, InitAnswerFile, InitFile, Protocol, RefusalAnswer } from '../../src/protocol.js';

export const NOW = Date.UTC(2026, 4, 6, 7, 8, 9, 250);
export const DAY_MS = 86_400_000;
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

export interface Caller {
  /** Time of the signer's clock; a test may set it. */
  now: number;
  /** Principal that `authorize` returns; null if nobody is signed in. A test may set it. */
  user: string | null;
  post(action: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Calls an action, and expects success. */
  call<A extends Action>(action: A, body: Protocol[A]['request']): Promise<Protocol[A]['answer']>;
  /** Calls an action, and expects a refusal. @returns its status and code */
  refusal(action: Action, body: unknown): Promise<string>;
  /** Calls `get_init_signature` for one file, and returns the answer for it. */
  init(file?: Partial<InitFile>): Promise<InitAnswerFile & Granted>;
}

/** Every field that the answer for one file may have, so that tests need no type narrowing. */
export interface Granted {
  key: string;
  grant: string;
  part_size: number;
  init?: { method: string; url: string; headers?: Record<string, string>; expires: number };
  put?: { method: string; url: string; headers?: Record<string, string>; expires: number };
  upload_id?: string;
  chunks?: number[];
  tracked?: boolean;
  checksum?: { algorithm: string; type: string };
  error?: { code: string; message: string };
}

export const fileOf = (file: Partial<InitFile> = {}): InitFile => ({
  id: 'a',
  filename: 'film.mp4',
  filesize: 100e6,
  last_modified: 1_700_000_000_000,
  content_type: 'video/mp4',
  ...file,
});

export function createCaller(options: Partial<SignerOptions> = {}): Caller {
  const caller: Caller = {
    now: NOW,
    user: 'ada',
    post: (action, body, headers = {}) =>
      signer(
        new Request(`https://signer.test/sign/${action}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    async call(action, body) {
      const response = await caller.post(action, body);
      assert.ok(response.ok, `${action}: ${response.status} ${response.ok ? '' : await response.clone().text()}`);
      return (response.status === 204 ? null : await response.json()) as never;
    },
    async refusal(action, body) {
      const response = await caller.post(action, body);
      assert.ok(!response.ok, `${action} was not refused`);
      return `${response.status} ${((await response.json()) as RefusalAnswer).error.code}`;
    },
    async init(file) {
      const answer: InitAnswer = await caller.call('get_init_signature', { files: [fileOf(file)] });
      return answer.files[0] as InitAnswerFile & Granted;
    },
  };
  const signer = createSigner({
    bucket: 'bucket',
    endpoint: 'http://127.0.0.1:9000',
    // test/signer/attacks/unsigned-headers covers false: the signer then signs further headers
    refusesUnsignedHeaders: true,
    credentials: CREDENTIALS,
    authorize: () => caller.user,
    now: () => caller.now,
    ...options,
  });
  return caller;
}

/** Returns the query parameters of a signed URL. */
export const queryOf = (url: string): Record<string, string> => Object.fromEntries(new URL(url).searchParams);
