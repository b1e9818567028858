import type { UploaderEventMap, UploadSnapshot } from '../../engine/api/types.js';

/** What the user is about to remove: a listed upload that is complete, or the key of an object that was stored earlier. */
export type RemoveDetail =
  { readonly upload: UploadSnapshot; readonly value: null } | { readonly upload: null; readonly value: string };

/**
 * The `mule-*` events of the element, which bubble and are composed. All but `mule-remove` are the engine's, with their
 * names and details.
 */
export interface MuleEventMap extends UploaderEventMap {
  'mule-remove': CustomEvent<RemoveDetail>;
}

/** The name of each event, and whether a listener can cancel it. */
const CANCELABLE: { readonly [K in keyof MuleEventMap]: boolean } = {
  'mule-before-add': true,
  'mule-before-upload': true,
  'mule-remove': true,
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

/** The events that an uploader dispatches, and the element forwards. */
export const forwardedEventNames = eventNames.filter((name) => name !== 'mule-remove');

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
