/**
 * The bare limit: requests that were signed beforehand, a fixed number at a time; no signing, no state, no Create, no
 * Complete. A failed request is sent again at once, without limit.
 */
import { offer, pool } from './page.js';

const PART_SIZE = 8 * 1024 ** 2;
/** Milliseconds between two attempts while nothing answers. */
const RETRY_DELAY_MS = 20;

interface Sent {
  method: 'PUT' | 'POST';
  url: string;
  /** Creates the body when its turn comes: a form that is not sent yet costs memory. */
  body(): XMLHttpRequestBodyInit;
}

function send({ method, url, body }: Sent): Promise<boolean> {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.onload = () => resolve(xhr.status >= 200 && xhr.status < 300);
    xhr.onerror = () => setTimeout(() => resolve(false), RETRY_DELAY_MS);
    xhr.send(body());
  });
}

offer((files, { urls, form, limitConcurrency, keyOf }) => {
  const requests: Sent[] = form
    ? files.map((file, index) => ({
        method: 'POST',
        url: form.url,
        body: () => formOf(form.fields, keyOf(index), file),
      }))
    : files.flatMap((file, index) =>
        urls[index]!.map((url, part) => ({ method: 'PUT', url, body: () => partOf(file, part, urls[index]!.length) })),
      );
  return pool(requests, limitConcurrency, async (request) => {
    while (!(await send(request)));
  });
});

/** A file of one part is sent as it is: to the browser each slice is one more Blob. */
const partOf = (file: File, part: number, parts: number): Blob =>
  parts === 1 ? file : file.slice(part * PART_SIZE, (part + 1) * PART_SIZE);

function formOf(fields: Readonly<Record<string, string>>, key: string, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, key })) form.append(name, value);
  form.append('file', file);
  return form;
}
