/** Uppy, each request signed by the page's server. */
import { offer } from './page.js';
import { sendByUppy } from './uppy-common.js';

async function signRequest(request: object): Promise<{ url: string }> {
  const response = await fetch('/sign-uppy', { method: 'POST', body: JSON.stringify(request) });
  return (await response.json()) as { url: string };
}

offer((files, job) => sendByUppy(files, job, { signRequest }));
