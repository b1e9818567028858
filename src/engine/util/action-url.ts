import type { Action } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';

/** Returns the URL of a signer action: its entry in `urls`, else a URL below `signer`; null if the page set neither. */
export function actionUrl(action: Action, { signer, urls }: Pick<UploaderOptions, 'signer' | 'urls'>): string | null {
  const actionOverride = urls?.[action];
  if (actionOverride !== undefined) return actionOverride || null;
  return signer ? `${signer.replace(/\/+$/, '')}/${action}` : null;
}

/** The result of the last call. Cached, because each answer of the store needs the origin. */
let lastResult: { readonly url: string; readonly origin: string | null } | null = null;

/** Returns the origin of the signer's URL; null if a function replaces that URL. */
export function signerOrigin(options: Pick<UploaderOptions, 'signer' | 'urls' | 'sign'>): string | null {
  const url = options.sign ? null : actionUrl('get_init_signature', options);
  if (url === null) return null;
  if (lastResult?.url !== url) lastResult = { url, origin: parseOrigin(url) };
  return lastResult.origin;
}

function parseOrigin(url: string): string | null {
  try {
    // not by URL.canParse(), which in Node returns true for some texts for which the constructor throws
    return new URL(url, globalThis.location?.href).origin;
  } catch {
    return null;
  }
}
