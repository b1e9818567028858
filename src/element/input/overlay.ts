/**
 * Shows the overlay over a drop area that is larger than the element. The overlay is in the top layer, so the page can
 * neither cover nor clip it. It ignores pointer events, so the drop area itself gets the drop.
 */
export function showOverlay(overlay: HTMLElement | null, area: Element | null): void {
  if (!overlay || !area || overlay.matches(':popover-open')) return;
  const { top, left, right, bottom } = area.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const { style } = overlay;
  style.top = `${Math.max(0, top)}px`;
  style.left = `${Math.max(0, left)}px`;
  style.width = `${Math.min(right, clientWidth) - Math.max(0, left)}px`;
  style.height = `${Math.min(bottom, clientHeight) - Math.max(0, top)}px`;
  overlay.showPopover();
}
