import type { Credentials } from '../s3/presign.js';
import { OptionError, environmentHint } from '../util/option-checks.js';
import type { SignerOptions } from './signer-options.js';

export function createCredentialsGetter(source: SignerOptions['credentials']): () => Promise<Credentials> {
  if (typeof source === 'function') return async () => checkCredentials(await source());
  const credentials = checkCredentials(source);
  return async () => credentials;
}

/** @throws OptionError that names the missing or invalid member, without its value */
function checkCredentials(credentials: Credentials): Credentials {
  for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    const value: unknown = credentials?.[name];
    if (name === 'sessionToken' && value === undefined) continue;
    if (typeof value === 'string' && value !== '') continue;
    const option = `credentials.${name}`;
    const found = value === '' ? 'empty' : value === null ? 'null' : `of type ${typeof value}`;
    throw new OptionError(option, `expected a string; it is ${found}${environmentHint(option, value)}`);
  }
  const { expiration } = credentials;
  const isTime = expiration instanceof Date || typeof expiration === 'number';
  if (expiration !== undefined && !(isTime && Number.isFinite(Number(expiration))))
    throw new OptionError('credentials.expiration', 'expected a valid Date, or epoch milliseconds');
  return credentials;
}
