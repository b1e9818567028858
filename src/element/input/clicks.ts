/** Returns the button that was clicked: the event's target, or its closest ancestor with `data-action`; null if none. */
export const actionButtonOf = (event: Event): HTMLElement | null =>
  (event.target as Element).closest<HTMLElement>('[data-action]');

/** Whether a click in the drop zone was on a link or form control that the page has slotted, except in slot `button`. */
export function isOnSlottedControl(event: Event): boolean {
  const zone = event.currentTarget as Element;
  const path = event.composedPath();
  return path
    .slice(0, path.indexOf(zone))
    .some(
      (node) =>
        node instanceof HTMLElement
        && node.getRootNode() !== zone.getRootNode()
        && node.slot !== 'button'
        && node.matches('a[href], button, input, select, textarea, label, summary'),
    );
}
