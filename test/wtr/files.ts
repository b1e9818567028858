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

export interface TruncateFile {
  name: string;
  /** Bytes that are left. */
  size: number;
}

/** Chooses files in an `<input type="file">`, in every engine. */
export const setFiles = (path: string[], files: FileOnDisk[]): Promise<void> =>
  executeServerCommand<void, SetFiles>('set-files', { path, files });

/** Drops files at a point of the page. @returns whether that is supported: only in Chromium */
export const dropFiles = (x: number, y: number, files: FileOnDisk[]): Promise<boolean> =>
  executeServerCommand<boolean, DropFiles>('drop-files', { x, y, files });

/** Cuts off the end of a file that was chosen before. @param size bytes that are left */
export const truncateFile = (name: string, size: number): Promise<void> =>
  executeServerCommand<void, TruncateFile>('truncate-file', { name, size });
