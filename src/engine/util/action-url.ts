import type { Action } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';

/** Returns the URL of a signer action: its own, else one below `signer`. Null if the page set neither. */
export function actionUrl(action: Action, { signer, urls }: Pick<UploaderOptions, 'signer' | 'urls'>): string | null {
  const own = urls?.[action];
  if (own !== undefined) return own || null;
  return signer ? `${signer.replace(/\/+$/, '')}/${action}` : null;
}

/** The origin that was found last: it is asked for at each answer of the store. */
let last: { readonly url: string; readonly origin: string | null } | null = null;

/** Returns the origin of the signer's URL; null if a function replaces that URL. */
export function signerOrigin(options: Pick<UploaderOptions, 'signer' | 'urls' | 'sign'>): string | null {
  const url = options.sign ? null : actionUrl('get_init_signature', options);
  if (url === null) return null;
  if (last?.url !== url) last = { url, origin: parseOrigin(url) };
  return last.origin;
}

function parseOrigin(url: string): string | null {
  try {
    // not URL.canParse: Node's returns true for text for which this throws
    return new URL(url, globalThis.location?.href).origin;
  } catch {
    return null;
  }
}
