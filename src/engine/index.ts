/** The headless engine of `<mule-upload>`: no Lit, no DOM of its own. */
import { systemClock } from './clock.js';
import { browserEnvironment } from './environment.js';
import { IndexedDbJournal } from './journal.js';
import { HttpSigner } from './signer.js';
import { webLocks } from './tab-lock.js';
import { browserTransport } from './transport.js';
import type { Ports, UploaderOptions } from './types.js';
import { BaseUploader } from './uploader.js';

/** Uploads many files to S3 by multipart upload, through whatever happens; a signer gives leave for each request. */
export class Uploader extends BaseUploader {
  /**
   * @param ports stand in for the browser's own clock, network, storage …
   * @throws TypeError naming option and value
   */
  constructor(options: UploaderOptions = {}, ports: Partial<Ports> = {}) {
    super(options, (getOptions) => ({
      clock: systemClock,
      environment: browserEnvironment,
      journal: new IndexedDbJournal(),
      signer: new HttpSigner(getOptions),
      tabLock: webLocks,
      transport: browserTransport,
      ...ports,
    }));
  }
}

export { engineDefaults } from './options.js';
export type { ResolvedOptions } from './options.js';
export { SignerFault, StoreFault, TransportFault, UploadError } from './errors.js';
export type { Phase, UploadErrorCode } from './errors.js';
export type * from './types.js';
