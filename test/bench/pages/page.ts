/** The code that all clients' pages share: waits for the choice of files, runs the client, measures the time. */
import type { Job, Outcome } from './job.js';

/** Sends all files; resolves once all are stored. */
export type Send = (files: readonly File[], job: Job) => Promise<unknown>;

declare global {
  interface Window {
    outcome: Promise<Outcome>;
  }
}

/** Settings of this run. */
export const job = JSON.parse(document.querySelector('#job')!.textContent) as Job;

/** Runs the client as soon as files are chosen. */
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
    const run = async (): Promise<void> => {
      begun = performance.now();
      let failure: string | null = null;
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`not done after ${job.timeoutMs / 1_000} s`)), job.timeoutMs);
      });
      await Promise.race([send([...input.files!], job), late]).catch((error: unknown) => {
        failure = String(error);
      });
      const time = performance.now() - begun;
      // the observer is notified of a task after its end
      setTimeout(() => resolve({ time, longestTask, failure }), 200);
    };
    input.addEventListener('change', () => void run(), { capture: true, once: true });
  });
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
