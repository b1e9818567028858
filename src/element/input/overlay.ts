/**
 * Covers a drop area that is larger than the element, in the browser's top layer: whatever the page lays over the area
 * or cuts off, it is seen. It takes no events, so that the drop still falls on the area.
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
