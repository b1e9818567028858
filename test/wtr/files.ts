/** Gives browser tests real files: the test runner writes them to disk, then chooses or drops them as a user does. */
import { executeServerCommand } from '@web/test-runner-commands';

export interface FileOnDisk {
  name: string;
  /** The text of the file; if absent, the file gets `size` random bytes. */
  content?: string;
  size?: number;
}

export interface SetFiles {
  /** Selectors: each is looked up in the shadow root of the element that the one before selects. */
  path: string[];
  files: FileOnDisk[];
}

export interface DropFiles {
  /** CSS pixels from the page's corner. */
  x: number;
  y: number;
  files: FileOnDisk[];
}

/** Chooses files in an `<input type="file">`, in every engine. */
export const setFiles = (path: string[], files: FileOnDisk[]): Promise<void> =>
  executeServerCommand<void, SetFiles>('set-files', { path, files });

/** Drops files at a point of the page. @returns whether that is supported: only in Chromium */
export const dropFiles = (x: number, y: number, files: FileOnDisk[]): Promise<boolean> =>
  executeServerCommand<boolean, DropFiles>('drop-files', { x, y, files });
