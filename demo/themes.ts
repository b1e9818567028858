/** Shares one uploader between all elements of the page. */
import '../src/index.js';
import { Uploader } from '../src/engine/index.js';

const uploader = new Uploader({ signer: '/sign' });
for (const element of document.querySelectorAll('mule-upload')) element.uploader = uploader;
