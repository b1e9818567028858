import { css } from 'lit';

/** The list of uploads; then, last, what forced colours, reduced motion and print change about everything. */
export const listStyles = css`
  .list {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    overflow: clip;
    container-type: inline-size;
  }
  .row {
    display: grid;
    grid-template:
      'glyph head actions' 'glyph bar actions' 'glyph foot actions' 'glyph more actions' / auto minmax(0, 1fr)
      auto;
    gap: 5px 12px;
    align-items: center;
    padding-block: 11px 6px;
    padding-inline: 14px 10px;
  }
  /* Only where it pays: rows that are skipped at first have no true height yet. */
  .long .row {
    content-visibility: auto;
    contain-intrinsic-block-size: 80px;
  }
  .row + .row {
    border-block-start: 1px solid var(--_line);
  }
  .glyph {
    grid-area: glyph;
    color: var(--_muted);
  }
  .head {
    grid-area: head;
  }
  .row > .progress {
    grid-area: bar;
  }
  .foot {
    grid-area: foot;
  }
  .explanation {
    grid-area: more;
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
  .name {
    flex: 1;
    min-inline-size: 0;
    font-weight: 550;
    position: relative;
  }
  .cut {
    display: flex;
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
    overflow-wrap: anywhere;
  }
  [part='choose'] {
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
  .bar {
    /* no transition: animating it cost a page 2 MiB a second of paint, and ten updates a second are smooth */
    block-size: 100%;
    min-inline-size: 0;
    border-radius: inherit;
    background: var(--_accent);
  }
  [data-status='complete'] :is(.glyph, .status) {
    color: var(--_success);
  }
  [data-status='complete'] .bar {
    background: var(--_success);
  }
  [data-status='waiting'] :is(.glyph, .status),
  [data-status='needs-file'] :is(.glyph, .status) {
    color: var(--_warning);
  }
  [data-status='waiting'] .bar,
  [data-status='needs-file'] .bar {
    background: var(--_warning);
  }
  [data-status='failed'] :is(.glyph, .status),
  .explanation {
    color: var(--_danger);
  }
  [data-status='failed'] .bar {
    background: var(--_danger);
  }
  :is([data-status='paused'], [data-status='aborted'], [data-status='queued']) .bar {
    background: var(--_muted);
  }
  [data-status='aborted'] .cut {
    text-decoration: line-through;
  }
  [data-status='finishing'] .bar,
  [data-status='starting'] .progress {
    animation: breathe 1.4s ease-in-out infinite alternate;
  }
  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }

  /* Room for the third button of a waiting upload: the bar keeps its length. */
  @container (inline-size >= 36rem) {
    .actions {
      min-inline-size: 100px;
    }
  }
  @container (inline-size < 28rem) {
    .row {
      grid-template: 'head actions' 'bar bar' 'foot foot' 'more more' / minmax(0, 1fr) auto;
      padding-inline: 12px 8px;
    }
    .glyph,
    .word {
      display: none;
    }
    .row > .progress,
    .foot,
    .explanation {
      margin-inline-end: 4px;
    }
  }
  @media (pointer: coarse) {
    button {
      min-block-size: 40px;
      min-inline-size: 40px;
    }
  }
  @media (forced-colors: active) {
    .progress {
      border: 1px solid CanvasText;
    }
    .bar {
      background: Highlight !important;
      forced-color-adjust: none;
    }
    .browse,
    .plain,
    .actions button,
    .quiet {
      border-color: ButtonText;
      color: ButtonText;
    }
    .dropzone {
      border-color: CanvasText;
    }
    .dropzone.over {
      border-color: Highlight;
      outline: 2px solid Highlight;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .dropzone {
      transition: none;
    }
    .progress,
    .bar {
      animation: none !important;
    }
  }
  @media print {
    .dropzone,
    .actions,
    .bulk {
      display: none;
    }
  }
`;
