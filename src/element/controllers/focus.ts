/** The focused element before a rendering, and its row or group of buttons, in case the rendering removes the element. */
export interface FocusPosition {
  readonly element: Element;
  readonly rowIndex: number;
  readonly group: string | undefined;
}

const rowsOf = (root: ParentNode): Element[] => [...root.querySelectorAll('.row')];

/** Returns the position of the focus; null if it is outside the shadow root. */
export function captureFocus(root: ShadowRoot | null): FocusPosition | null {
  const element = root?.activeElement;
  if (!root || !element) return null;
  const row = element.closest('.row');
  const group = row ? undefined : element.closest<HTMLElement>('[data-group]')?.dataset.group;
  return { element, rowIndex: row ? rowsOf(root).indexOf(row) : -1, group };
}

/**
 * Moves the focus if the rendering removed the focused element: to the last button of the same row or group, else to the
 * neighbouring row, else to the host. Otherwise keyboard users would start again at the top of the page.
 */
export function restoreFocus(position: FocusPosition | null, host: HTMLElement): void {
  const root = host.shadowRoot;
  if (!position || !root || (position.element.isConnected && root.activeElement === position.element)) return;
  const rows = rowsOf(root);
  const container = position.group
    ? root.querySelector(`[data-group=${position.group}]`)
    : rows[Math.min(position.rowIndex, rows.length - 1)];
  const button = [...(container?.querySelectorAll<HTMLElement>('button') ?? [])].at(-1);
  (button ?? host).focus();
}
