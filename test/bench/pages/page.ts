/** The code that all clients' pages share: waits for the choice of files, runs the client, measures the time. */
import type { Job, Outcome } from './job.js';

/** A job with what a page adds to it. */
export interface PageJob extends Job {
  /** Returns a file's object name by its index. */
  keyOf(index: number): string;
}

/** Sends all files; resolves once all are stored. */
export type Send = (files: readonly File[], job: PageJob) => Promise<unknown>;

declare global {
  interface Window {
    outcome: Promise<Outcome>;
  }
}

/** Settings of this run. */
export const job = JSON.parse(document.querySelector('#job')!.textContent) as Job;

/** Runs the client as soon as files are chosen, or a folder is dropped. */
export function offer(send: Send, input = document.querySelector<HTMLInputElement>('#files')!): void {
  let longestTask = 0;
  let begun = Infinity;
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) {
      // the time that the browser needs before it fires the event is not counted
      const own = startTime + duration - Math.max(startTime, begun);
      if (own >= 50) longestTask = Math.max(longestTask, own);
    }
  }).observe({ type: 'longtask' });
  window.outcome = new Promise((resolve) => {
    const run = async (read: () => File[] | Promise<File[]>): Promise<void> => {
      begun = performance.now();
      let failure: string | null = null;
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`not done after ${job.timeoutMs / 1_000} s`)), job.timeoutMs);
      });
      const keyOf = (index: number): string => `${job.run}/file-${index}`;
      const sent = async (): Promise<unknown> => send(await read(), { ...job, keyOf });
      await Promise.race([sent(), late]).catch((error: unknown) => {
        failure = String(error);
      });
      const time = performance.now() - begun;
      // the observer is notified of a task after its end
      setTimeout(() => resolve({ time, begunAt: performance.timeOrigin + begun, longestTask, failure }), 200);
    };
    input.addEventListener('change', () => void run(() => [...input.files!]), { capture: true, once: true });
    document.addEventListener('dragover', (event) => event.preventDefault());
    document.addEventListener(
      'drop',
      (event) => {
        event.preventDefault();
        const entries = [...event.dataTransfer!.items].map((item) => item.webkitGetAsEntry());
        void run(async () => (await Promise.all(entries.map(filesOf))).flat());
      },
      { capture: true, once: true },
    );
  });
}

/** Reads all files of a dropped folder. */
async function filesOf(entry: FileSystemEntry | null): Promise<File[]> {
  if (entry?.isFile)
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  if (!entry?.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    // a reader returns at most 100 entries at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

/** Runs work on all items, with limited concurrency. */
export async function pool<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Requests at a time for clients that leave it to the page, if the job does not set it. */
export const DEFAULT_CONCURRENCY = 4;
