import { realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer as createViteServer } from 'vite';
import { refusalResponse } from '../src/signer/http/responses.js';
import { actionNameFrom } from '../src/signer/http/routing.js';
import { readJson } from '../src/signer/http/json-body.js';
import { isMain } from '../scripts/programs.js';
import { createSigner } from '../src/signer/index.js';
import type { SignerOptions } from '../src/signer/index.js';
import { toNodeHandler } from '../src/signer/node.js';
import { SignerRefusal } from '../src/signer/util/refusal.js';
import { readManifest } from './manifest.js';
import { startOwnStore, storeFromEnvironment } from './store.js';
import type { DemoStore } from './store.js';
import type { Switches } from './switches.js';

const SIGNER_PATH = '/sign';
const SWITCHES_PATH = '/switches';
const MANIFEST_PATH = '/custom-elements.json';
const DEFAULT_PORT = 5173;
/** Paths that are never served: Vite's defaults, and `.bucket`. */
const DENIED = ['.env', '.env.*', '*.{crt,pem}', '**/.git/**', '**/.bucket/**'];
/** Timeout for the body of a request to the switches. */
const SWITCH_TIMEOUT_MS = 10_000;

export interface DemoOptions {
  /** Defaults to 5173, or a free port if that is in use. 0 selects a free port. */
  port?: number;
  /** The bucket to sign for. Defaults to the demo's own bucket, stored in `bucketDirectory`. */
  store?: DemoStore;
  /** Defaults to `.bucket` in the current directory. */
  bucketDirectory?: string;
  /** Options of the signer: policy, tracker, authorization. */
  signer?: Partial<SignerOptions>;
  /** Whether to reload the page when its source changes. */
  watch?: boolean;
  /** Receives each successful call to the signer, before the response is sent. `body` is the parsed request. */
  onSignerCall?(action: string, body: unknown): void;
}

export interface RunningDemo {
  /** The page's address, with a trailing slash. */
  readonly url: string;
  /** The bucket in use. */
  readonly store: DemoStore;
  close(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

/** Wraps a signer: reports each successful call, with its body, before the response is sent. */
function reportCalls(handler: Handler, onCall: NonNullable<DemoOptions['onSignerCall']>): Handler {
  return async (request) => {
    const chunks: Uint8Array[] = [];
    const reader = request.body?.getReader();
    const pull: UnderlyingDefaultSource<Uint8Array>['pull'] = async (controller) => {
      const { done, value } = await reader!.read();
      if (done) return controller.close();
      chunks.push(value);
      controller.enqueue(value);
    };
    const cancel = (reason: unknown): Promise<void> => reader!.cancel(reason);
    const body = reader && new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    const { url, method, headers } = request;
    const response = await handler(new Request(url, { method, headers, body, duplex: 'half' } as RequestInit));
    if (response.ok && chunks.length > 0)
      onCall(actionNameFrom(new URL(url).pathname), JSON.parse(await new Blob(chunks as BlobPart[]).text()));
    return response;
  };
}

/** Whether a Host header names this server. Others indicate DNS rebinding. */
function isOwnHost(host: string | undefined, port: number): boolean {
  const names = ['127.0.0.1', 'localhost'];
  return names.some((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])].includes(host?.toLowerCase() ?? ''));
}

/** Handles requests to the switches. Responds with null if the demo uses another bucket than its own. */
async function handleSwitches(switches: Switches | null, request: Request): Promise<Response> {
  if (!switches) return Response.json(null);
  if (request.method === 'POST') {
    // a form of another site cannot send this media type
    if (request.headers.get('content-type') !== 'application/json') return new Response(null, { status: 415 });
    const body = await readJson(request, SWITCH_TIMEOUT_MS).catch((error: unknown) => error);
    if (body instanceof SignerRefusal) return refusalResponse(body, {});
    const { name = '', on } = (body ?? {}) as { name?: string; on?: boolean };
    if (name === 'expire') switches.expireSignatures();
    else await switches.set(name, on === true);
  }
  return Response.json(switches.state);
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Listens on a port; without one, on the default port or, if that is in use, on any free port. Returns the port. */
async function listenAndGetPort(server: ReturnType<typeof createServer>, port: number | undefined): Promise<number> {
  try {
    await listen(server, port ?? DEFAULT_PORT);
  } catch (error) {
    const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (port !== undefined || !isInUse) throw error;
    await listen(server, 0);
  }
  return (server.address() as AddressInfo).port;
}

/** Returns the folders that are served: not the project folder, which contains `.bucket` and `.git`. */
async function servedFolders(): Promise<string[]> {
  const folders = ['.', '../src', '../node_modules'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
  // Vite resolves symbolic links
  return [...folders, ...(await Promise.all(folders.map((folder) => realpath(folder))))];
}

/**
 * Serves the demo page, with the signer at `/sign`. The bucket has another origin, as in production.
 * Answers 421 to requests for other host names (RFC 9110, section 15.5.20).
 * @throws Error if `options.port` is in use
 */
export async function serveDemo(options: DemoOptions = {}): Promise<RunningDemo> {
  const { bucketDirectory = '.bucket' } = options;
  const ownStore = options.store ? null : await startOwnStore(bucketDirectory);
  const store = options.store ?? ownStore!.store;
  const signer = createSigner({ ...store, allowAnonymous: true, ...options.signer });
  const handleSigner = toNodeHandler(options.onSignerCall ? reportCalls(signer, options.onSignerCall) : signer);
  const answerSwitches = toNodeHandler((request) => handleSwitches(ownStore?.switches ?? null, request));
  const sendManifest = toNodeHandler(
    async () => new Response(await readManifest(), { headers: { 'content-type': 'application/json' } }),
  );
  const server = createServer();
  let port = 0;
  const vite = await createViteServer({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    clearScreen: false,
    // Vite reloads the page when it discovers a dependency later, and that would interrupt uploads.
    optimizeDeps: { entries: ['index.html', 'themes.html', 'reference.html', '../src/index.ts'] },
    // unknown paths get 404 instead of the page
    appType: 'mpa',
    server: {
      middlewareMode: true,
      fs: {
        allow: await servedFolders(),
        deny: [...DENIED, `${path.resolve(bucketDirectory).replaceAll('\\', '/')}/**`],
      },
      ...(options.watch ? { hmr: { server } } : { hmr: false, ws: false, watch: null }),
    },
  }).catch(async (error: unknown) => {
    await ownStore?.close();
    throw error;
  });
  server.on('request', (request, response) => {
    if (!isOwnHost(request.headers.host, port))
      response.writeHead(421).end(`This server answers to localhost:${port}.\n`);
    else if (request.url?.startsWith(`${SIGNER_PATH}/`)) handleSigner(request, response);
    else if (request.url === SWITCHES_PATH) answerSwitches(request, response);
    else if (request.url === MANIFEST_PATH) sendManifest(request, response);
    else vite.middlewares(request, response);
  });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([closed, vite.close(), ownStore?.close()]);
  };
  try {
    port = await listenAndGetPort(server, options.port);
    return { url: `http://127.0.0.1:${port}/`, store, close };
  } catch (error) {
    await Promise.all([vite.close(), ownStore?.close()]);
    throw error;
  }
}

/** Describes the store without a URL, because the output of `npm start` has only one: the page's. */
function describeStore({ endpoint, bucket, region }: DemoStore): string {
  return `bucket ${bucket} at ${endpoint ? new URL(endpoint).host : `Amazon S3, ${region}`}`;
}

/** Starts the demo for `npm start`, configured by environment variables. */
async function main(): Promise<void> {
  const { PORT } = process.env;
  const store = storeFromEnvironment(process.env);
  const demo = await serveDemo({ watch: true, ...(PORT && { port: Number(PORT) }), ...(store && { store }) });
  console.log(`${demo.url} uploads to ${store ? describeStore(store) : 'a bucket of its own, kept in .bucket'}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void demo.close().then(() => process.exit(0)));
}

if (isMain(import.meta)) {
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
