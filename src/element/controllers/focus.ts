/** Where the focus was before a rendering: the element itself, and its row, or group of buttons, should it go. */
export interface FocusPlace {
  readonly element: Element;
  readonly rowIndex: number;
  readonly group: string | undefined;
}

const rowsOf = (root: ParentNode): Element[] => [...root.querySelectorAll('.row')];

/** Remembers where in the shadow root the focus is; null where it is elsewhere. */
export function focusPlace(root: ShadowRoot | null): FocusPlace | null {
  const element = root?.activeElement;
  if (!root || !element) return null;
  const row = element.closest('.row');
  const { group } = element.closest<HTMLElement>(row ? '.row' : '[data-group]:not(.question)')?.dataset ?? {};
  return { element, rowIndex: row ? rowsOf(root).indexOf(row) : -1, group };
}

/**
 * Gives the focus a new place where the rendering took its own: the same row or group, else the row's neighbour, else
 * the host's first button. Without this a keyboard's reader would start over at the top of the page.
 */
export function refocus(place: FocusPlace | null, host: HTMLElement): void {
  if (!place || !host.shadowRoot || (place.element.isConnected && host.shadowRoot.activeElement === place.element))
    return;
  const rows = rowsOf(host.shadowRoot);
  const row = place.group
    ? host.shadowRoot.querySelector(`[data-group=${place.group}]`)
    : rows[Math.min(place.rowIndex, rows.length - 1)];
  const button = [...(row?.querySelectorAll<HTMLElement>('button') ?? [])].at(-1);
  if (button) button.focus();
  else host.focus();
}
