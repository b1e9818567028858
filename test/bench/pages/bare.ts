/**
 * The bare limit: XHR PUTs of slices to URLs presigned beforehand, four at a time; no signing, no state, no Create, no
 * Complete. A failed request is sent again at once, without limit.
 */
import { offer, pool } from './page.js';

const PART_SIZE = 8 * 1024 ** 2;
/** Milliseconds between two attempts while nothing answers. */
const RETRY_DELAY_MS = 20;

function put(url: string, body: Blob): Promise<boolean> {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open('PUT', url);
    xhr.onload = () => resolve(xhr.status === 200);
    xhr.onerror = () => setTimeout(() => resolve(false), RETRY_DELAY_MS);
    xhr.send(body);
  });
}

offer((files, { urls }) => {
  const parts = files.flatMap((file, index) =>
    urls[index]!.map((url, part) => ({ url, body: file.slice(part * PART_SIZE, (part + 1) * PART_SIZE) })),
  );
  return pool(parts, 4, async ({ url, body }) => {
    while (!(await put(url, body)));
  });
});
