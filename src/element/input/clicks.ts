/** Returns the closest element with `data-action` of an event's target, or null. */
export const actionButtonOf = (event: Event): HTMLElement | null =>
  (event.target as Element).closest<HTMLElement>('[data-action]');

/** Whether a click in the drop zone was on a link, field or button that the page has slotted there. */
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
