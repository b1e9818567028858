/** UpChunk: sends the chunks of a file one after the other to a resumable URL. */
import { createUpload } from '@mux/upchunk';
import { runOnChoice, runPool, DEFAULT_CONCURRENCY } from './page.js';

runOnChoice((files, { store, partSize, concurrency, keyPrefix }) =>
  runPool(
    files,
    concurrency ?? DEFAULT_CONCURRENCY,
    (file) =>
      new Promise<void>((resolve, reject) => {
        const upload = createUpload({
          endpoint: `${store}/upchunk/${keyPrefix}/${file.name}`,
          file,
          ...(partSize && { chunkSize: partSize / 1024 }),
        });
        upload.on('success', () => resolve());
        upload.on('error', ({ detail }) => reject(new Error((detail as { message: string }).message)));
      }),
  ),
);
