/** The code that all clients' pages share: waits until files are chosen, runs the client, measures the time. */
import { BEGIN_MARK, END_MARK } from './job.js';
import type { Job, Outcome } from './job.js';

/** A job, with a function that cannot be sent as JSON. */
export interface PageJob extends Job {
  /** Returns a file's object name by its index. */
  keyOf(index: number): string;
}

/** Sends all files; resolves once all are stored. */
export type SendFiles = (files: readonly File[], job: PageJob) => Promise<unknown>;

declare global {
  interface Window {
    outcome: Promise<Outcome>;
  }
}

/** The job of this run. */
export const job = JSON.parse(document.querySelector('#job')!.textContent) as Job;

/**
 * Runs the client as soon as files are chosen, or a folder is dropped.
 * @param readsDrops whether the client reads dropped folders itself; it receives no files then
 */
export function runOnChoice(
  send: SendFiles,
  input = document.querySelector<HTMLInputElement>('#files')!,
  readsDrops = false,
): void {
  let longestTask = 0;
  let chosenAt = Infinity;
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) {
      // only the part of the task after the choice counts: the browser itself works before it fires the event
      const durationAfterChoice = startTime + duration - Math.max(startTime, chosenAt);
      if (durationAfterChoice >= 50) longestTask = Math.max(longestTask, durationAfterChoice);
    }
  }).observe({ type: 'longtask' });
  window.outcome = new Promise((resolve) => {
    const run = async (read: () => File[] | Promise<File[]>): Promise<void> => {
      chosenAt = performance.now();
      performance.mark(BEGIN_MARK);
      let failure: string | null = null;
      const timeout = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`not done after ${job.timeoutMs / 1_000} s`)), job.timeoutMs);
      });
      const keyOf = (index: number): string => `${job.keyPrefix}/file-${index}`;
      const sendAll = async (): Promise<unknown> => send(await read(), { ...job, keyOf });
      await Promise.race([sendAll(), timeout]).catch((error: unknown) => {
        failure = String(error);
      });
      const time = performance.now() - chosenAt;
      performance.mark(END_MARK);
      // the observer is notified of a task after its end
      setTimeout(() => resolve({ time, begunAt: performance.timeOrigin + chosenAt, longestTask, failure }), 200);
    };
    input.addEventListener('change', () => void run(() => [...input.files!]), { capture: true, once: true });
    document.addEventListener('dragover', (event) => event.preventDefault());
    document.addEventListener(
      'drop',
      (event) => {
        event.preventDefault();
        const entries = readsDrops ? [] : [...event.dataTransfer!.items].map((item) => item.webkitGetAsEntry());
        void run(async () => (await Promise.all(entries.map(filesOf))).flat());
      },
      { capture: true, once: true },
    );
  });
}

/** Returns all files of a dropped folder, those of its folders included. */
async function filesOf(entry: FileSystemEntry | null): Promise<File[]> {
  if (entry?.isFile)
    return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  if (!entry?.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    // a reader returns at most 100 entries at a time
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) break;
    found.push(...entries);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

/** Runs `work` on all items, with limited concurrency. */
export async function runPool<T>(
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

/** The concurrency of clients that have no default, if the job does not set one. */
export const DEFAULT_CONCURRENCY = 4;
