import { css } from 'lit';

/**
 * Surfaces and lines are mixed from the text colour, so that the element sits on any page; only accent, success,
 * warning and danger are colours of their own.
 */
export const styles = css`
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
  .unseen {
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

  .dropzone {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px 14px;
    padding: 18px 20px;
    cursor: pointer;
    border: 1.5px dashed color-mix(in srgb, currentColor 40%, transparent);
    border-radius: var(--_radius);
    background: var(--_surface);
    transition:
      background-color 0.15s,
      border-color 0.15s;
  }
  .dropzone.over {
    border-color: var(--_accent);
    border-style: solid;
    background: color-mix(in srgb, var(--_accent) 14%, transparent);
  }
  .dropzone[data-disabled] {
    cursor: not-allowed;
  }
  .icon {
    display: grid;
    place-content: center;
    inline-size: 42px;
    block-size: 42px;
    flex: none;
    border-radius: 50%;
    color: var(--_accent);
    background: color-mix(in srgb, var(--_accent) 12%, transparent);
  }
  .invitation {
    flex: 1 1 9em;
    min-inline-size: 0;
    color: var(--_muted);
  }
  .hint {
    display: block;
    font-size: 0.8125em;
  }

  .overlay {
    position: fixed;
    inset: auto;
    margin: 0;
    padding: 12px;
    border: 0;
    pointer-events: none;
    background: color-mix(in srgb, Canvas 84%, transparent);
    color: var(--_accent);
  }
  .overlay:popover-open {
    display: grid;
  }
  .overlay > span {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 0.6em;
    border: 3px dashed;
    border-radius: var(--_radius);
    background: color-mix(in srgb, var(--_accent) 14%, transparent);
    font-size: 1.25em;
    font-weight: 650;
  }

  .panel {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 8px 14px;
    padding: 10px 14px;
    border-radius: var(--_radius);
    border-inline-start: 3px solid;
    font-size: 0.9375em;
  }
  .panel > :first-child {
    flex: 1 1 14em;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .messages {
    border-color: var(--_danger);
    background: color-mix(in srgb, var(--_danger) 9%, transparent);
    flex-wrap: nowrap;
    align-items: start;
  }
  .recover {
    border-color: var(--_warning);
    background: color-mix(in srgb, var(--_warning) 11%, transparent);
  }

  .summary {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 6px 12px;
    font-size: 0.875em;
  }
  .words,
  .figures {
    display: inline-flex;
    flex-wrap: wrap;
    font-variant-numeric: tabular-nums;
    /* each has its dot before it; those of the first in a line lie outside */
    overflow: clip;
    margin-inline-end: -1em;
  }
  .status,
  .explanation,
  .question > :first-child,
  .messages li,
  .recover p {
    unicode-bidi: plaintext;
  }
  /* its share of the line does not depend on what it says: the buttons stay where they are */
  .words {
    flex: 1 1 22em;
    min-inline-size: 0;
    color: var(--_muted);
    min-block-size: 32px;
    align-items: center;
  }
  .words > :first-child {
    font-weight: 600;
  }
  .words > *,
  .figures > * {
    position: relative;
    inset-inline-start: -1em;
  }
  .words > ::before,
  .figures > ::before {
    content: '·';
    display: inline-block;
    inline-size: 1em;
    text-align: center;
    font-weight: 400;
  }
  .bulk {
    display: inline-flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .total {
    flex-basis: 100%;
  }
`;
