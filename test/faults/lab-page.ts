/** The lab's page: it has one element per running upload, each with its own signer and scope. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { UploadErrorCode } from '../../src/engine/api/errors.js';
import type { UploadSnapshot } from '../../src/engine/api/types.js';

const CDN_FOLDER = path.resolve(import.meta.dirname, '../../dist/cdn');

/** The events of an element, and its upload's snapshot. */
export interface Report {
  upload: UploadSnapshot | null;
  /** Codes of `mule-error`, in order. */
  errorCodes: UploadErrorCode[];
  messages: string[];
  /** Reasons of `mule-retry`, in order. */
  retries: string[];
  /** When the page treated a part as stalled: start and end of the time without progress, in epoch milliseconds. */
  stalls: { partNumber: number | null; from: number; until: number }[];
  statuses: string[];
  /** How often `loaded` decreased. */
  progressDecreases: number;
  /** How often `loaded` exceeded the file's size. */
  progressOverruns: number;
}

const PAGE = `<!doctype html><html lang="en"><title>fault lab</title><link rel="icon" href="data:,">
<script type="module" src="/mule-upload.js"></script>
<script>
  const reports = {};
  function addUpload(id, attributes, corruptionScript) {
    const element = document.createElement('mule-upload');
    element.id = id;
    element.setHeaders = (headers) => { element.headers = headers; };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (corruptionScript)
      element.addEventListener('mule-before-add', ({ detail: { file } }) => new Function('file', corruptionScript)(file));
    const report = (reports[id] = {
      errorCodes: [], messages: [], retries: [], stalls: [], statuses: [], progressDecreases: 0, progressOverruns: 0,
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
      if (detail.loaded < last) report.progressDecreases++;
      if (detail.loaded > detail.total) report.progressOverruns++;
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

/** The functions of the page, which the lab calls by name. */
export interface PageFunctions {
  /** @param corruptionScript runs on the chosen file before the element uses it */
  addUpload(id: string, attributes: Record<string, string>, corruptionScript: string | null): void;
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
    readFile(path.join(CDN_FOLDER, path.normalize(pathname))).then(
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
