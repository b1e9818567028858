/** Serves pages of a test, the built package and a signer at `/sign`, and records submitted forms. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSigner } from '../../src/signer/index.js';
import type { SignerOptions } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import type { StoreAccess } from '../servers/s3-client.js';
import { ensureBuilt, readScript } from './built.js';
import { BUCKET } from './harness.js';

export interface SiteOptions {
  /** Headers of every response except the signer's, such as a content security policy. */
  headers?: Record<string, string>;
  signer?: Partial<SignerOptions>;
  /** Returns the response to a path; null if the site itself is to answer. */
  answer?: (pathname: string) => Response | Promise<Response | null> | null;
}

export interface Site {
  /** Ends with a slash. */
  readonly url: string;
  /** Bodies of the submitted forms, in order. */
  readonly forms: string[];
  stop(): void;
}

/**
 * Starts the site. The store must have the bucket `flows`.
 * @param pages by path; a path that ends in `.js` is a script
 */
export async function startSite(
  store: StoreAccess,
  pages: Readonly<Record<string, string>>,
  { headers = {}, signer = {}, answer: answerFirst = () => null }: SiteOptions = {},
): Promise<Site> {
  ensureBuilt();
  const { accessKeyId, secretAccessKey } = store;
  const sign = createSigner({
    bucket: BUCKET,
    endpoint: store.url,
    region: store.region,
    allowAnonymous: true,
    credentials: { accessKeyId, secretAccessKey },
    ...signer,
  });
  const forms: string[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const first = await answerFirst(pathname);
    if (first) return first;
    if (pathname.startsWith('/sign/')) return sign(request);
    if (request.method === 'POST') forms.push(await request.text());
    const script = await readScript(pathname);
    const body = pages[pathname] ?? (script && new Uint8Array(script));
    const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
    return new Response(body, { status: body === null ? 404 : 200, headers: { 'content-type': type, ...headers } });
  };
  const server = createServer(toNodeHandler(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    forms,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
