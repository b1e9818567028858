import type { SmallFileCache } from '../files/small-file-cache.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { FileStore, KeptFile } from '../ports.js';
import { identifyFile } from './identify-file.js';

/** Bytes of the largest file that is copied. */
export const MAX_COPY_BYTES = 8 * 1024 ** 2;

/** The objects that a file is stored with. */
export interface StoreFileServices {
  readonly fileStore: FileStore;
  readonly smallFiles: SmallFileCache;
}

/** Stores an upload's handle, or a copy of its file. @returns whether it is stored */
export async function storeFile({ fileStore, smallFiles }: StoreFileServices, record: UploadRecord): Promise<boolean> {
  const content = contentFor(record);
  if (!content) return false;
  await identifyFile(record, smallFiles);
  if (record.isReleased || !(await fileStore.save(record.recordId, record.owner.scope, content))) return false;
  if (!record.isReleased) return true;
  // a file without a record cannot be resumed
  if (!record.session?.uploadId) void fileStore.remove(record.recordId);
  return false;
}

function contentFor({ file, handle }: UploadRecord): KeptFile | null {
  if (handle) return { handle };
  return file && file.size <= MAX_COPY_BYTES ? { file } : null;
}
