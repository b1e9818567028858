/** `mule-upload`: registers `<mule-upload>`. */
import { MuleUploadElement } from './element/index.js';

export * from './element/index.js';

MuleUploadElement.define();
