/** Uppy, which signs in the page with the store's credentials. */
import { runOnChoice } from './page.js';
import { sendByUppy } from './uppy-common.js';

runOnChoice((files, job) => {
  const { store, bucket, region, accessKeyId, secretAccessKey } = job;
  const credentials = { accessKeyId, secretAccessKey, sessionToken: 'session' };
  return sendByUppy(files, job, {
    s3Endpoint: `${store}/${bucket}`,
    region,
    getCredentials: () => ({ credentials, region }),
  });
});
