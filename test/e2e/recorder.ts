/** A page with one element that records the states, retries and errors which its user sees during an upload. */
import type { UploadErrorCode } from '../../src/engine/api/errors.js';
import type { UploadStatus, WaitingFor } from '../../src/engine/api/types.js';
import type { Page } from './browser.js';

/** One state that the page showed. */
export interface ShownState {
  status: UploadStatus;
  waitingFor: WaitingFor | null;
  /** Bytes per second. */
  speed: number;
  /** Whether all bytes of the file were shown as sent. */
  isAllSent: boolean;
}

/** The states and numbers that the page recorded. */
export interface Recorded {
  /** States in order. Successive states with equal `status` and `waitingFor` are recorded once, with the last values. */
  shown: ShownState[];
  retries: string[];
  /** Each error, with the number of retries before it. */
  errors: { code: UploadErrorCode; message: string; retriesBefore: number }[];
}

const RECORDER = `window.recorded = { shown: [], retries: [], errors: [] };
const element = document.querySelector('mule-upload');
element.addEventListener('mule-retry', ({ detail }) => recorded.retries.push(detail.phase + ': ' + detail.reason));
element.addEventListener('mule-error', ({ detail: { error: { code, message } } }) => recorded.errors.push({ code, message, retriesBefore: recorded.retries.length }));
setInterval(() => {
  const [upload] = element.uploads ?? [];
  if (!upload) return;
  const { status, waitingFor, speed, loaded, size } = upload;
  const last = recorded.shown.at(-1);
  if (last && last.status === status && last.waitingFor === waitingFor) recorded.shown.pop();
  recorded.shown.push({ status, waitingFor, speed, isAllSent: loaded === size });
}, 50);`;

/** Returns the page's HTML. @param attributes of the element, as markup @param head markup before the element */
export const recorderPage = (attributes: string, head = ''): string => `<!doctype html>
<html lang="en"><title>recorder</title><link rel="icon" href="data:,">${head}
<mule-upload no-leave-warning multiple recover="off" ${attributes}></mule-upload>
<script>${RECORDER}</script><script type="module" src="/mule-upload.js"></script></html>`;

export const recordedBy = (page: Page): Promise<Recorded> => page.evaluate<[], Recorded>('recorded');

/** Waits until the page has shown an upload with this `waitingFor`. */
export const untilWaiting = (page: Page, waitingFor: WaitingFor, timeout?: number): Promise<unknown> =>
  page.waitFor(
    (what: string) =>
      (window as unknown as { recorded: { shown: { waitingFor: string | null }[] } }).recorded.shown.some(
        (shown) => shown.waitingFor === what,
      ),
    { ...(timeout && { timeout }) },
    waitingFor,
  );
