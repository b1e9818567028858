/** The HTTP server of the benchmark: it serves each client's page, and the signers that the clients call. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Rolldown } from 'vite';
import { createMemoryTracker, createSigner } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { ensureBuilt, readScript } from '../e2e/built.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import type { Job } from './pages/job.js';

export const BUCKET = 'bench';

export interface PageServer {
  readonly url: string;
  /** Calls to any signer since the benchmark last set this to 0. */
  signerCalls: number;
  /** Delay of each answer of a signer. */
  signerDelayMs: number;
  /** The signer that this project's element and engine call. */
  signerKind: 'put' | 'post' | 'tracked' | 'begun';
  /** The job that the next page that loads receives. */
  job: Job | null;
  /** Attributes of the element on the next page that loads. */
  elementAttributes: string;
  /** Script that the next page that loads runs before all others. */
  pageScript: string;
  close(): void;
}

const scripts = new Map<string, Promise<string>>();

/** Returns a client's script, bundled with its imports; bundles it once. */
function scriptOf(client: string): Promise<string> {
  let script = scripts.get(client);
  if (!script) scripts.set(client, (script = bundle(path.join(import.meta.dirname, `pages/${client}.ts`))));
  return script;
}

async function bundle(input: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    define: { global: 'globalThis' },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input, output: { codeSplitting: false } },
    },
  });
  const { output } = result as Rolldown.RolldownOutput;
  return output.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Starts the server; its signers sign for this store. */
export async function startPageServer(store: StoreAccess): Promise<PageServer> {
  ensureBuilt();
  const s3 = new S3Client(store);
  const { accessKeyId, secretAccessKey, region, url: endpoint } = store;
  const options = {
    bucket: BUCKET,
    endpoint,
    region,
    allowAnonymous: true as const,
    credentials: { accessKeyId, secretAccessKey },
  };
  const policy = { maxFiles: 1_000, overwrite: true };
  const postPolicy = { ...policy, posts: true };
  const withTracker = { secret: 'the secret of the benchmark, 32 characters or more', tracker: createMemoryTracker() };
  const signers = {
    put: toNodeHandler(createSigner({ ...options, policy })),
    post: toNodeHandler(createSigner({ ...options, policy: postPolicy })),
    tracked: toNodeHandler(
      createSigner({ ...options, ...withTracker, policy: postPolicy, receipts: true, onComplete: () => {} }),
    ),
    begun: toNodeHandler(
      createSigner({
        ...options,
        ...withTracker,
        policy: postPolicy,
        beginMultipart: true,
        // the signer begins multipart uploads only for known users
        allowAnonymous: undefined,
        authorize: () => 'user',
      }),
    ),
  };

  /** Signs a request in Uppy's format. */
  async function signForUppy(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, key, uploadId, partNumber } = JSON.parse(await bodyOf(request)) as Record<string, string>;
    const query: Record<string, string> =
      method === 'POST' && !uploadId
        ? { uploads: '' }
        : { ...(uploadId && { uploadId }), ...(partNumber && { partNumber: String(partNumber) }) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: await s3.presign(method!, s3.address(BUCKET, key, query)) }));
  }

  /** Signs a string in Evaporate's format. */
  function signForEvaporate({ searchParams }: URL, response: ServerResponse): void {
    const stringToSign = searchParams.get('to_sign')!;
    const steps = [searchParams.get('datetime')!.slice(0, 8), region, 's3', 'aws4_request', stringToSign];
    const signature = steps.reduce<string | Buffer>(
      (key, step) => createHmac('sha256', key).update(step).digest(),
      `AWS4${secretAccessKey}`,
    ) as Buffer;
    response.end(signature.toString('hex'));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://page-server');
    const { pathname } = url;
    if (pathname.startsWith('/sign')) {
      pageServer.signerCalls++;
      if (pageServer.signerDelayMs) await sleep(pageServer.signerDelayMs);
      if (pathname === '/sign-uppy') return signForUppy(request, response);
      if (pathname === '/sign-evaporate') return signForEvaporate(url, response);
      signers[pageServer.signerKind](request, response);
      return;
    }
    if (pathname.endsWith('.js')) {
      const client = /^\/client\/([\w-]+)\.js$/.exec(pathname)?.[1];
      const script = client ? await scriptOf(client) : await readScript(pathname);
      response.setHeader('content-type', 'text/javascript').end(script);
      return;
    }
    const client = pathname.slice(1);
    const isElement = client === 'element';
    const json = JSON.stringify(pageServer.job).replaceAll('<', '\\u003c');
    response.setHeader('content-type', 'text/html').end(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${client}</title><link rel="icon" href="data:,">
<script>${pageServer.pageScript}</script>
${isElement ? `<mule-upload signer="/sign" multiple checksum="none" no-leave-warning ${pageServer.elementAttributes}></mule-upload>` : '<input type="file" id="files" multiple aria-label="files">'}
<script type="application/json" id="job">${json}</script>
${isElement ? '<script type="module" src="/mule-upload.js"></script>' : ''}
<script type="module" src="/client/${client}.js"></script></html>`);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pageServer: PageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    signerCalls: 0,
    signerDelayMs: 0,
    signerKind: 'post',
    job: null,
    elementAttributes: '',
    pageScript: '',
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return pageServer;
}
