import { css } from 'lit';

/** The list of uploads. */
export const listStyles = css`
  .list {
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    overflow: clip;
    container-type: inline-size;
  }
  .row {
    display: grid;
    grid-template:
      'glyph head actions' 'glyph bar actions' 'glyph foot actions' 'glyph error error' 'glyph question question'
      / auto minmax(0, 1fr) auto;
    column-gap: 12px;
    align-items: center;
    padding-block: 11px 6px;
    padding-inline: 14px 10px;
  }
  /* otherwise users would have to scroll past thousands of rows to the content below */
  .long {
    max-block-size: var(--mule-upload-list-size, 36rem);
    overflow: auto;
    overscroll-behavior: contain;
  }
  .block {
    contain: layout style;
  }
  .row + .row,
  .block + .block > .row:first-child {
    border-block-start: 1px solid var(--_line);
  }
  .row > :is(.progress, .foot, .error, .question) {
    margin-block-start: 5px;
  }
  .glyph {
    grid-area: glyph;
    position: relative;
    align-self: start;
    display: grid;
    place-content: center;
    inline-size: 40px;
    block-size: 40px;
    margin-block-start: 3px;
    border-radius: calc(var(--_radius) * 0.66);
    color: var(--_status, var(--_muted));
    background: color-mix(in srgb, currentColor 9%, transparent);
  }
  .glyph > :is(canvas, img) {
    inline-size: 40px;
    block-size: 40px;
    border-radius: inherit;
  }
  .glyph > img {
    position: absolute;
    object-fit: cover;
  }
  .link {
    flex: 1;
    min-inline-size: 0;
    color: inherit;
  }
  .link .name {
    display: block;
  }
  .badge {
    position: absolute;
    inset: auto -5px -5px auto;
    border-radius: 50%;
    padding: 2px;
    background: Canvas;
  }
  .badge svg {
    inline-size: 15px;
    block-size: 15px;
    stroke-width: 2.5;
  }
  .head {
    grid-area: head;
  }
  .row > .progress {
    grid-area: bar;
  }
  .map {
    inline-size: 100%;
    block-size: 100%;
    color: var(--_status, var(--_accent));
  }
  .map path {
    fill: none;
    stroke: currentColor;
  }
  .map .all {
    stroke: var(--_track);
  }
  /* fills in the same direction as the progress bar */
  .map:dir(rtl) {
    scale: -1 1;
  }
  .map .partly {
    opacity: 0.7;
  }
  .map .in-flight {
    opacity: 0.42;
  }
  .sparkline {
    display: inline-block;
    inline-size: 3.2em;
    block-size: 0.85em;
    margin-inline-end: 0.4em;
    vertical-align: -0.05em;
    color: var(--_accent);
  }
  .sparkline path {
    fill: color-mix(in srgb, currentColor 22%, transparent);
    stroke: currentColor;
    vector-effect: non-scaling-stroke;
  }
  .foot {
    grid-area: foot;
    min-block-size: 1.45em;
  }
  .question {
    grid-area: question;
    display: flex;
    flex: 1;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 6px 12px;
    font-size: 0.875em;
  }
  .line {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 2px 12px;
  }
  .small {
    flex-wrap: wrap;
    font-size: 0.8125em;
    color: var(--_muted);
    font-variant-numeric: tabular-nums;
  }
  .error {
    grid-area: error;
    color: var(--_danger);
  }
  .name {
    flex: 1;
    min-inline-size: 0;
    font-weight: 550;
    position: relative;
  }
  .split {
    display: flex;
    overflow: hidden;
  }
  .start {
    flex: 0 1 auto;
    min-inline-size: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: pre;
  }
  .end {
    flex: none;
    white-space: pre;
  }
  .percent {
    font-variant-numeric: tabular-nums;
    font-size: 0.875em;
    color: var(--_muted);
  }
  .status {
    color: var(--_status, inherit);
    overflow-wrap: anywhere;
  }
  .with-text {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding-inline: 8px;
  }
  .actions {
    grid-area: actions;
    display: flex;
    gap: 2px;
    justify-content: end;
    min-inline-size: 66px;
  }

  .progress {
    block-size: var(--mule-upload-bar-size, 6px);
    border-radius: 99px;
    background: var(--_track);
    overflow: clip;
  }
  .segmented {
    block-size: var(--mule-upload-map-size, 8px);
    background: none;
  }
  .bar {
    /* no transition: with ten updates a second, it would repaint all the time */
    block-size: 100%;
    min-inline-size: 0;
    border-radius: inherit;
    background: var(--_status, var(--_accent));
  }
  [data-status='complete'] {
    --_status: var(--_success);
  }
  :is([data-status='waiting'], [data-status='needs-file'], [data-total='waiting']) {
    --_status: var(--_warning);
  }
  [data-status='failed'] {
    --_status: var(--_danger);
  }
  :is([data-status='paused'], [data-status='aborted'], [data-status='queued'], [data-total='paused']) :is(.bar, .map) {
    --_status: var(--_muted);
  }
  [data-status='aborted'] .split {
    text-decoration: line-through;
  }
  [data-status='finishing'] :is(.bar, .map),
  [data-status='starting'] .progress {
    animation: breathe 1.4s ease-in-out infinite alternate;
  }
  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }

  /* room for the third button of a waiting upload, so that the progress bar keeps its length */
  @container (inline-size >= 36rem) {
    .actions {
      min-inline-size: 100px;
    }
  }
  @container (inline-size < 28rem) {
    .row {
      grid-template:
        'head actions' 'bar bar' 'foot foot' 'error error' 'question question' / minmax(0, 1fr)
        auto;
      padding-inline: 12px 8px;
    }
    .row:has(.with-text) {
      grid-template: 'head' 'bar' 'foot' 'error' 'actions' 'question' / minmax(0, 1fr);
    }
    .actions:has(.with-text) {
      justify-content: start;
    }
    .glyph,
    .sparkline {
      display: none;
    }
    .row > .progress,
    .foot,
    .error {
      margin-inline-end: 4px;
    }
  }
`;
