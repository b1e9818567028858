import { css } from 'lit';

/** The drop zone, the overlay over a larger drop area, and the panels below: messages and recovery. */
export const dropzoneStyles = css`
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
  .hint > bdi + bdi::before {
    content: ' · ';
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
`;
