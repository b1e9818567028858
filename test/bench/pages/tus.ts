/** tus-js-client: by default a whole file in one request; in parts if requests are to fail. */
import { Upload } from 'tus-js-client';
import { offer, pool, DEFAULT_CONCURRENCY } from './page.js';

/** Its own retries end after 10 s. */
const PATIENT = [0, 1_000, 3_000, 5_000, 5_000, 5_000, 5_000, 5_000];

offer((files, { store, partSize, concurrency }) =>
  pool(
    files,
    concurrency ?? DEFAULT_CONCURRENCY,
    (file) =>
      new Promise<void>((resolve, reject) => {
        new Upload(file, {
          endpoint: `${store}/tus`,
          retryDelays: PATIENT,
          ...(partSize && { chunkSize: partSize }),
          metadata: { filename: file.name },
          storeFingerprintForResuming: false,
          onSuccess: () => resolve(),
          onError: reject,
        }).start();
      }),
  ),
);
