import type { Credentials } from '../s3/presign.js';
import { OptionError, environmentHint } from '../util/option-checks.js';
import type { SignerOptions } from './signer-options.js';

export function credentialsFrom(source: SignerOptions['credentials']): () => Promise<Credentials> {
  if (typeof source === 'function') return async () => checkCredentials(await source());
  const credentials = checkCredentials(source);
  return async () => credentials;
}

/** @throws OptionError that names the part which is missing or wrong, and never repeats it */
function checkCredentials(credentials: Credentials): Credentials {
  for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    const value: unknown = credentials?.[name];
    if (name === 'sessionToken' && value === undefined) continue;
    if (typeof value === 'string' && value !== '') continue;
    const option = `credentials.${name}`;
    const found = value === '' ? 'an empty text' : typeof value === 'object' ? 'no text' : `of type ${typeof value}`;
    throw new OptionError(option, `it is ${found}${environmentHint(option, value)}`);
  }
  const { expiration } = credentials;
  const isTime = expiration instanceof Date || typeof expiration === 'number';
  if (expiration !== undefined && !(isTime && Number.isFinite(Number(expiration))))
    throw new OptionError('credentials.expiration', 'it is neither a valid Date nor a number of epoch milliseconds');
  return credentials;
}
