import { css } from 'lit';

/**
 * Custom properties, resets and buttons. Surfaces and lines are mixed from the text color, so that they fit any page;
 * only accent, success, warning and danger have their own colors.
 */
export const baseStyles = css`
  :host {
    --_accent: var(--mule-upload-accent, light-dark(#1d5bd0, #84adff));
    --_on-accent: var(--mule-upload-on-accent, light-dark(#fff, #0a1630));
    --_success: var(--mule-upload-success, light-dark(#14703f, #4fd18b));
    --_warning: var(--mule-upload-warning, light-dark(#8a5200, #f3bf5f));
    --_danger: var(--mule-upload-danger, light-dark(#b3261e, #ff9d94));
    --_radius: var(--mule-upload-radius, 12px);
    --_gap: var(--mule-upload-gap, 12px);
    --_muted: var(--mule-upload-muted, color-mix(in srgb, currentColor 74%, transparent));
    --_line: var(--mule-upload-line, color-mix(in srgb, currentColor 16%, transparent));
    --_surface: var(--mule-upload-surface, color-mix(in srgb, currentColor 4%, transparent));
    --_track: var(--mule-upload-track, color-mix(in srgb, currentColor 13%, transparent));
    display: block;
    font: inherit;
    line-height: 1.45;
    text-align: start;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  p {
    margin: 0;
  }
  svg {
    display: block;
  }
  .root {
    display: grid;
    gap: var(--_gap);
    grid-template-columns: minmax(0, 1fr);
  }
  .visually-hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  button {
    font: inherit;
    font-size: 0.9375em;
    color: inherit;
    cursor: pointer;
    border: 1px solid transparent;
    border-radius: calc(var(--_radius) * 0.66);
    background: none;
    min-block-size: 32px;
    min-inline-size: 32px;
    display: inline-grid;
    place-content: center;
    padding: 0;
    touch-action: manipulation;
  }
  button:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  button:disabled {
    cursor: not-allowed;
    opacity: 0.55;
  }
  .browse {
    background: var(--_accent);
    color: var(--_on-accent);
    font-weight: 600;
    padding: 8px 18px;
    min-block-size: 42px;
  }
  .browse:not(:disabled):hover {
    background: color-mix(in srgb, var(--_accent) 88%, currentColor);
  }
  .plain {
    border-color: var(--_line);
    padding: 3px 12px;
  }
  .danger {
    color: var(--_danger);
    border-color: currentColor;
  }
  .actions button,
  .quiet {
    color: var(--_muted);
  }
  .plain:hover,
  .actions button:hover,
  .quiet:hover {
    background: var(--_track);
    color: inherit;
  }
  .bulk {
    display: inline-flex;
    flex-wrap: wrap;
    gap: 6px;
  }
`;
