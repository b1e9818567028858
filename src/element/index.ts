/** `mule-upload/element.js`: the element without its registration; importable on a server. */
export { MuleUploadElement } from './mule-upload.js';
export { Uploader } from '../engine/index.js';
export { strings } from './i18n/strings.js';
export type { MuleStrings, Text } from './i18n/strings.js';
export type { MuleEventMap, RemoveDetail } from './api/events.js';
export type { StoredFile } from './form/stored-file.js';
export type { FileSource } from './input/read-files.js';
export type {
  FileEntry,
  TotalProgress,
  UploaderStatus,
  UploadSnapshot,
  UploadStatus,
  WaitingFor,
} from '../engine/api/types.js';
export type { UploadError, UploadErrorCode } from '../engine/api/errors.js';
