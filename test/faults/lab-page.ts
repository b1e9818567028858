/** The lab's page: one element per running upload, each with its own signer and scope. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { UploadErrorCode } from '../../src/engine/api/errors.js';
import type { UploadSnapshot } from '../../src/engine/api/types.js';

const BUILT = path.resolve(import.meta.dirname, '../../dist/cdn');

/** The events that an element has reported. */
export interface Report {
  upload: UploadSnapshot | null;
  /** Codes of `mule-error`, in order. */
  errorCodes: UploadErrorCode[];
  messages: string[];
  /** Reasons of `mule-retry`, in order. */
  retries: string[];
  /** Parts that the page treated as stalled: since when nothing had moved, and until when; epoch milliseconds. */
  stalls: { partNumber: number | null; from: number; until: number }[];
  statuses: string[];
  /** How often progress ran backwards, or beyond the size. */
  backwards: number;
  beyond: number;
}

const PAGE = `<!doctype html><html lang="en"><title>fault lab</title><link rel="icon" href="data:,">
<script type="module" src="/mule-upload.js"></script>
<script>
  const reports = {};
  function addUpload(id, attributes, spoil) {
    const element = document.createElement('mule-upload');
    element.id = id;
    element.setHeaders = (headers) => { element.headers = headers; };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (spoil) element.addEventListener('mule-before-add', ({ detail: { file } }) => new Function('file', spoil)(file));
    const report = (reports[id] = {
      errorCodes: [], messages: [], retries: [], stalls: [], statuses: [], backwards: 0, beyond: 0,
    });
    let last = 0;
    element.addEventListener('mule-error', ({ detail: { error } }) => {
      report.errorCodes.push(error.code);
      report.messages.push(error.message);
    });
    element.addEventListener('mule-retry', ({ detail: { phase, partNumber, reason } }) => {
      report.retries.push(phase + ': ' + reason);
      const [, seconds] = /^nothing moved for (\\d+) s/.exec(reason) ?? [];
      const until = Date.now();
      if (seconds) report.stalls.push({ partNumber, from: until - seconds * 1_000, until });
    });
    element.addEventListener('mule-status', ({ detail }) => report.statuses.push(detail.upload.status));
    element.addEventListener('mule-progress', ({ detail }) => {
      if (detail.loaded < last) report.backwards++;
      if (detail.loaded > detail.total) report.beyond++;
      last = detail.loaded;
    });
    document.body.append(element);
  }
  const snapshotOf = (id) => document.getElementById(id).uploads[0] ?? null;
  const reportOf = (id) => ({ upload: snapshotOf(id), ...reports[id] });
  const allSnapshots = () => Object.fromEntries(Object.keys(reports).map((id) => [id, snapshotOf(id)]));
  function removeUpload(id) {
    document.getElementById(id).remove();
    delete reports[id];
  }
</script></html>`;

/** The page's functions; the lab calls them by name. */
export interface PageFunctions {
  /** @param spoil applied to the chosen file, before the element uses it */
  addUpload(id: string, attributes: Record<string, string>, spoil: string | null): void;
  reportOf(id: string): Report;
  allSnapshots(): Record<string, UploadSnapshot | null>;
  removeUpload(id: string): void;
}

/** Serves the page with the built package. */
export async function serveLabPage(): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    if (!pathname.endsWith('.js')) {
      response.setHeader('content-type', 'text/html').end(PAGE);
      return;
    }
    readFile(path.join(BUILT, path.normalize(pathname))).then(
      (script) => response.setHeader('content-type', 'text/javascript').end(script),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
