/** tus-js-client: sends a file in one request, or in parts if the job sets a part size. */
import { Upload } from 'tus-js-client';
import { runOnChoice, runPool, DEFAULT_CONCURRENCY } from './page.js';

/** More attempts than by default, with which it gives up after 10 s. */
const RETRY_DELAYS_MS = [0, 1_000, 3_000, 5_000, 5_000, 5_000, 5_000, 5_000];

runOnChoice((files, { store, partSize, concurrency }) =>
  runPool(
    files,
    concurrency ?? DEFAULT_CONCURRENCY,
    (file) =>
      new Promise<void>((resolve, reject) => {
        new Upload(file, {
          endpoint: `${store}/tus`,
          retryDelays: RETRY_DELAYS_MS,
          ...(partSize && { chunkSize: partSize }),
          metadata: { filename: file.name },
          storeFingerprintForResuming: false,
          onSuccess: () => resolve(),
          onError: reject,
        }).start();
      }),
  ),
);
