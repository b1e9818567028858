/** `mule-upload/element.js`: the element without its registration; importable on a server. */
export { MuleUploadElement } from './mule-upload.js';
export { Uploader } from '../engine/index.js';
export { strings } from './strings.js';
export type { MuleStrings, Text } from './strings.js';
export type { MuleEventMap } from './events.js';
export type { FileSource } from './walk.js';
export type {
  FileEntry,
  TotalProgress,
  UploaderStatus,
  UploadSnapshot,
  UploadStatus,
  WaitingFor,
} from '../engine/types.js';
export type { UploadError, UploadErrorCode } from '../engine/errors.js';
