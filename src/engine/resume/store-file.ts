import type { SmallFileCache } from '../files/small-file-cache.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { FileStore, KeptFile } from '../ports.js';
import { identifyFile } from './identify-file.js';

/** Maximum size of a file that is copied. */
export const MAX_COPY_BYTES = 8 * 1024 ** 2;

/** The dependencies of `storeFile()`. */
export interface StoreFileServices {
  readonly fileStore: FileStore;
  readonly smallFiles: SmallFileCache;
}

/** Stores an upload's handle, or a copy of its file. @returns whether it is stored */
export async function storeFile({ fileStore, smallFiles }: StoreFileServices, upload: UploadRecord): Promise<boolean> {
  const content = contentFor(upload);
  if (!content) return false;
  await identifyFile(upload, smallFiles);
  if (upload.hasFormerOwner || !(await fileStore.save(upload.recordId, upload.owner.scope, content))) return false;
  if (!upload.hasFormerOwner) return true;
  // the owner has left the page meanwhile; a file without a journal record cannot be resumed
  if (!upload.session?.uploadId) void fileStore.remove(upload.recordId);
  return false;
}

function contentFor({ file, handle }: UploadRecord): KeptFile | null {
  if (handle) return { handle };
  return file && file.size <= MAX_COPY_BYTES ? { file } : null;
}
