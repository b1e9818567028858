/** Uppy with the store's keys in the page. */
import { offer } from './page.js';
import { sendByUppy } from './uppy-common.js';

offer((files, job) => {
  const { store, bucket, region, accessKeyId, secretAccessKey } = job;
  const credentials = { accessKeyId, secretAccessKey, sessionToken: 'session' };
  return sendByUppy(files, job, {
    s3Endpoint: `${store}/${bucket}`,
    region,
    getCredentials: () => ({ credentials, region }),
  });
});
