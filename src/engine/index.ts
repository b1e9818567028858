/** The headless engine of `<mule-upload>`: no Lit, no DOM of its own. */
export { Uploader } from './uploader.js';
export { engineDefaults } from './options.js';
export type { ResolvedOptions } from './options.js';
export { SignerFault, StoreFault, TransportFault, UploadError } from './errors.js';
export type { Phase, SignerRefusal, UploadErrorCode } from './errors.js';
export type * from './types.js';
