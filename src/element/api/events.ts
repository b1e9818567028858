import type { UploaderEventMap } from '../../engine/api/types.js';

/** The `mule-*` events of the element. Names and details are the engine's; here they bubble and are composed. */
export interface MuleEventMap extends UploaderEventMap {}

/** The name of each event, and whether a listener can cancel it. */
const CANCELABLE: { readonly [K in keyof MuleEventMap]: boolean } = {
  'mule-before-add': true,
  'mule-before-upload': true,
  'mule-add': false,
  'mule-start': false,
  'mule-pause': false,
  'mule-resume': false,
  'mule-abort': false,
  'mule-status': false,
  'mule-reject': false,
  'mule-recover': false,
  'mule-progress': false,
  'mule-part': false,
  'mule-retry': false,
  'mule-network': false,
  'mule-complete': false,
  'mule-error': false,
  'mule-owner-change': false,
  'mule-finish': false,
};

export const eventNames = Object.keys(CANCELABLE) as readonly (keyof MuleEventMap)[];

/**
 * Dispatches an event that bubbles out of every shadow root.
 * @returns false when a listener cancelled it
 */
export const emit = <K extends keyof MuleEventMap>(
  host: HTMLElement,
  type: K,
  detail: MuleEventMap[K]['detail'],
): boolean =>
  host.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: CANCELABLE[type] }));

declare global {
  interface HTMLElementEventMap extends MuleEventMap {}
  interface DocumentEventMap extends MuleEventMap {}
}
