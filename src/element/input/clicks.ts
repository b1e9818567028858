/** Returns the button that was clicked: the event's target, or its closest ancestor with `data-action`; null if none. */
export const actionButtonOf = (event: Event): HTMLElement | null =>
  (event.target as Element).closest<HTMLElement>('[data-action]');

/** Whether a click in the drop zone was on a link or form control that the page has slotted, except within slot `button`. */
export function isOnSlottedControl(event: Event): boolean {
  const zone = event.currentTarget as Element;
  const root = zone.getRootNode() as ShadowRoot;
  const path = event.composedPath();
  const nodes = path.slice(0, path.indexOf(zone)).filter((node) => node instanceof HTMLElement);
  // a slotted component may contain a native button
  if (nodes.some(({ slot, parentNode }) => slot === 'button' && parentNode === root.host)) return false;
  return nodes.some(
    (node) => node.getRootNode() !== root && node.matches('a[href], button, input, select, textarea, label, summary'),
  );
}
