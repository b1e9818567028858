import { html, nothing, svg } from 'lit';

/** Draws recent speeds; hidden from assistive technology, because the current speed is shown as text beside it. */
export const sparklineTemplate = (path: string): unknown =>
  path
    ? html`<svg class="sparkline" viewBox="0 0 40 10" preserveAspectRatio="none" aria-hidden="true">
        ${svg`<path d=${path}></path>`}
      </svg>`
    : nothing;
