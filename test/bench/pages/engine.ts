/** This engine without the element: measures an upload without rendering. */
import { Uploader } from '../../../src/engine/index.js';
import { runOnChoice } from './page.js';

runOnChoice(async (files, { partSize, concurrency, scope }) => {
  const uploader = new Uploader({
    signer: '/sign',
    scope,
    checksum: 'none',
    leaveWarning: false,
    ...(concurrency && partSize && { partSize, concurrency }),
  });
  await uploader.add(files);
  const failed = (await uploader.finished()).find(({ status }) => status !== 'complete');
  if (failed) throw failed.error ?? new Error(failed.status);
});
