import type { UploaderEventMap } from '../../engine/api/types.js';

/** Every `mule-*` event of the element; the same names and details as the engine's, but they bubble and are composed. */
export interface MuleEventMap extends UploaderEventMap {}

/** Names of all events, each once; gates can be cancelled. */
const KINDS: { readonly [K in keyof MuleEventMap]: 'gate' | 'fact' } = {
  'mule-before-add': 'gate',
  'mule-before-upload': 'gate',
  'mule-add': 'fact',
  'mule-start': 'fact',
  'mule-pause': 'fact',
  'mule-resume': 'fact',
  'mule-abort': 'fact',
  'mule-status': 'fact',
  'mule-reject': 'fact',
  'mule-recover': 'fact',
  'mule-progress': 'fact',
  'mule-part': 'fact',
  'mule-retry': 'fact',
  'mule-network': 'fact',
  'mule-complete': 'fact',
  'mule-error': 'fact',
  'mule-owner-change': 'fact',
  'mule-finish': 'fact',
};

export const eventNames = Object.keys(KINDS) as readonly (keyof MuleEventMap)[];

/**
 * Dispatches an event that bubbles out of every shadow root.
 * @returns false when a gate was cancelled
 */
export const emit = <K extends keyof MuleEventMap>(
  host: HTMLElement,
  type: K,
  detail: MuleEventMap[K]['detail'],
): boolean =>
  host.dispatchEvent(
    new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: KINDS[type] === 'gate' }),
  );

declare global {
  interface HTMLElementEventMap extends MuleEventMap {}
  interface DocumentEventMap extends MuleEventMap {}
}
