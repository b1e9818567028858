/**
 * The bare limit: a fixed number of concurrent requests that were signed before the measurement. The page neither signs nor
 * keeps state, and sends no CreateMultipartUpload and no CompleteMultipartUpload. It repeats a failed request until it succeeds.
 */
import { runOnChoice, runPool } from './page.js';

const PART_SIZE = 8 * 1024 ** 2;
/** Delay before the next attempt if the store does not answer. */
const RETRY_DELAY_MS = 20;

interface PresignedRequest {
  method: 'PUT' | 'POST';
  url: string;
  /** Creates the body just before the request is sent, because a form takes memory. */
  body(): XMLHttpRequestBodyInit;
}

function send({ method, url, body }: PresignedRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.onload = () => resolve(xhr.status >= 200 && xhr.status < 300);
    xhr.onerror = () => setTimeout(() => resolve(false), RETRY_DELAY_MS);
    xhr.send(body());
  });
}

runOnChoice((files, { urls, form, bareLimitConcurrency, keyOf }) => {
  const requests: PresignedRequest[] = form
    ? files.map((file, index) => ({
        method: 'POST',
        url: form.url,
        body: () => formOf(form.fields, keyOf(index), file),
      }))
    : files.flatMap((file, index) =>
        urls[index]!.map((url, part) => ({ method: 'PUT', url, body: () => partOf(file, part, urls[index]!.length) })),
      );
  return runPool(requests, bareLimitConcurrency, async (request) => {
    while (!(await send(request)));
  });
});

/** Returns the body of a part. A file of one part is not sliced, because each slice is another Blob for the browser. */
const partOf = (file: File, part: number, parts: number): Blob =>
  parts === 1 ? file : file.slice(part * PART_SIZE, (part + 1) * PART_SIZE);

function formOf(fields: Readonly<Record<string, string>>, key: string, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, key })) form.append(name, value);
  form.append('file', file);
  return form;
}
