/** Real files for browser tests: written to disk, then chosen or dropped as a user does. */
import { executeServerCommand } from '@web/test-runner-commands';

export interface FileOnDisk {
  name: string;
  /** Text; without it `size` random bytes. */
  content?: string;
  size?: number;
}

export interface SetFiles {
  /** Selectors, each within the shadow root of the last one's element. */
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

/** Drops files at a point of the page. @returns false in engines that do not support it in tests: all but Chromium */
export const dropFiles = (x: number, y: number, files: FileOnDisk[]): Promise<boolean> =>
  executeServerCommand<boolean, DropFiles>('drop-files', { x, y, files });
