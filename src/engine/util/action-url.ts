import type { Action } from '../../protocol.js';
import type { UploaderOptions } from '../api/types.js';

/** Returns the URL of a signer action: its own, else one below `signer`. Null if the page set neither. */
export function actionUrl(action: Action, { signer, urls }: Pick<UploaderOptions, 'signer' | 'urls'>): string | null {
  const own = urls?.[action];
  if (own !== undefined) return own || null;
  return signer ? `${signer.replace(/\/+$/, '')}/${action}` : null;
}
