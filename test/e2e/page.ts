/** Helpers of the end-to-end tests for a page with the element. */
import type { UploadSnapshot } from '../../src/engine/api/types.js';
import type { Page } from './browser.js';

/** What the page has recorded: events of the element, errors, warnings and long tasks. */
export interface PageRecord {
  events: { type: string; reason?: string; code?: string }[];
  errors: string[];
  /** Warnings on the console. */
  warnings: string[];
  /** Milliseconds; 0 if the browser does not report long tasks, or there was none. */
  longestTask: number;
  /** How often `loaded` decreased. */
  progressDecreases: number;
  /** How often `loaded` exceeded the file's size. */
  progressOverruns: number;
}

/** Chooses files in the element's own input. */
export const chooseFiles = (page: Page, files: string[]): Promise<void> =>
  page.setFiles(['mule-upload', 'input[type=file]'], files);

/** Drops files on the element. */
export const dropFiles = (page: Page, files: string[]): Promise<void> =>
  page.drop(['mule-upload', '[part=dropzone]'], files);

export const uploadsOf = (page: Page): Promise<UploadSnapshot[]> =>
  page.evaluate<[], UploadSnapshot[]>("document.querySelector('mule-upload').uploads");

export const recordOf = (page: Page): Promise<PageRecord> => page.evaluate<[], PageRecord>('pageRecord');

/** A script expression: whether every upload of the element has ended. */
export const isOver =
  "(({ uploads }) => uploads.length > 0 && uploads.every(({ status }) => ['complete', 'failed', 'aborted'].includes(status)))(document.querySelector('mule-upload'))";

/** Waits until at least this number of parts of the first upload is stored. */
export const untilParts = (page: Page, minParts: number): Promise<unknown> =>
  page.waitFor(
    (count: number) => (document.querySelector('mule-upload')!.uploads[0]?.parts.done ?? 0) >= count,
    {},
    minParts,
  );

/** Calls a method of the element. */
export const call = (page: Page, method: string, ...parameters: unknown[]): Promise<unknown> =>
  page.evaluate(
    (name: string, values: unknown[]) => {
      const element = document.querySelector('mule-upload') as unknown as Record<
        string,
        (...values: unknown[]) => unknown
      >;
      void element[name]!(...values);
    },
    method,
    parameters,
  );
