/** The button of ours that a click was on; null where it was on none. */
export const actionOf = (event: Event): HTMLElement | null =>
  (event.target as Element).closest<HTMLElement>('[data-action]');

/** Tells whether a click in the drop zone was meant for something that the page put there: a link, a field, a button. */
export function isForSlotted(event: Event): boolean {
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
