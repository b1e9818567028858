/** Uppy; a server signs each request. */
import { runOnChoice } from './page.js';
import { sendByUppy } from './uppy-common.js';

async function signRequest(request: object): Promise<{ url: string }> {
  const response = await fetch('/sign-uppy', { method: 'POST', body: JSON.stringify(request) });
  return (await response.json()) as { url: string };
}

runOnChoice((files, job) => sendByUppy(files, job, { signRequest }));
