/** Where the focus was before a rendering: the element itself, and its row should it go. */
export interface FocusPlace {
  readonly element: Element;
  readonly rowIndex: number;
}

const rowsOf = (root: ParentNode): Element[] => [...root.querySelectorAll('.row')];

/** Remembers where in the shadow root the focus is; null where it is elsewhere. */
export function focusPlace(root: ShadowRoot | null): FocusPlace | null {
  const element = root?.activeElement;
  if (!root || !element) return null;
  const row = element.closest('.row');
  return { element, rowIndex: row ? rowsOf(root).indexOf(row) : -1 };
}

/**
 * Gives the focus a new place where the rendering took its own: the same row, else its neighbour, else the host's
 * first button. Without this a keyboard's reader would start over at the top of the page.
 */
export function refocus(place: FocusPlace | null, host: HTMLElement): void {
  if (!place || !host.shadowRoot || (place.element.isConnected && host.shadowRoot.activeElement === place.element))
    return;
  const rows = rowsOf(host.shadowRoot);
  const row = rows[Math.min(place.rowIndex, rows.length - 1)];
  const button = [...(row?.querySelectorAll<HTMLElement>('button') ?? [])].at(-1);
  if (button) button.focus();
  else host.focus();
}
