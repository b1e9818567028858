import { css } from 'lit';

/** The totals of several uploads, and the dots between figures, in totals and in rows. */
export const summaryStyles = css`
  .summary {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 6px 12px;
    font-size: 0.875em;
    container-type: inline-size;
  }
  .totals,
  .figures {
    display: inline-flex;
    flex-wrap: wrap;
    font-variant-numeric: tabular-nums;
    /* a dot precedes each item; the dot of the first item in a line is clipped */
    overflow: clip;
  }
  .figures {
    margin-inline-end: -1em;
  }
  .status,
  .error,
  .question > :first-child,
  .messages li,
  .recover p {
    unicode-bidi: plaintext;
  }
  /* the width does not depend on the text, so that the buttons beside it do not move */
  .totals {
    flex: 1 1 22em;
    min-inline-size: 0;
    color: var(--_muted);
    min-block-size: 32px;
    align-items: center;
  }
  .totals > :first-child {
    font-weight: 600;
  }
  .totals > *,
  .figures > * {
    position: relative;
    inset-inline-start: -1em;
  }
  .totals > ::before,
  .figures > ::before {
    content: '·';
    /* the second declaration hides the dot from screen readers, where supported */
    content: '·' / '';
    display: inline-block;
    inline-size: 1em;
    text-align: center;
    font-weight: 400;
  }
  .total {
    flex-basis: 100%;
  }
  /* where the buttons have a line of their own, the bar stays beside the totals */
  @container (inline-size < 44rem) {
    .summary > :is(.bulk, .question) {
      order: 1;
    }
  }
`;
