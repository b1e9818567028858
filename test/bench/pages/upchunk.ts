/** UpChunk: one chunk after the other to a resumable URL. */
import { createUpload } from '@mux/upchunk';
import { offer, pool, DEFAULT_CONCURRENCY } from './page.js';

offer((files, { store, partSize, concurrency, run }) =>
  pool(
    files,
    concurrency ?? DEFAULT_CONCURRENCY,
    (file) =>
      new Promise<void>((resolve, reject) => {
        const upload = createUpload({
          endpoint: `${store}/upchunk/${run}/${file.name}`,
          file,
          ...(partSize && { chunkSize: partSize / 1024 }),
        });
        upload.on('success', () => resolve());
        upload.on('error', ({ detail }) => reject(new Error((detail as { message: string }).message)));
      }),
  ),
);
