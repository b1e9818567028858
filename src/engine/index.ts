/** The headless engine of `<mule-upload>`: no Lit, no DOM tree. */
export { Uploader } from './uploader.js';
export { engineDefaults } from './api/options.js';
export type { ResolvedOptions } from './api/options.js';
export { SignerFault, StoreFault, TransportFault, UploadError } from './api/errors.js';
export type { Phase, SignerRefusal, UploadErrorCode } from './api/errors.js';
export type * from './api/types.js';
export type * from './ports.js';
