import { css } from 'lit';

/** Touch screens, forced colors, reduced motion and print; the last style sheet, because it overrides the others. */
export const mediaStyles = css`
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
    .map,
    .sparkline {
      color: Highlight !important;
      forced-color-adjust: none;
    }
    .map .all {
      stroke: CanvasText;
      opacity: 0.3;
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
    .bar,
    .map {
      animation: none !important;
    }
  }
  @media print {
    .dropzone,
    .actions,
    .bulk {
      display: none;
    }
    .progress,
    .bar,
    .map {
      print-color-adjust: exact;
    }
    .row {
      break-inside: avoid;
    }
    .long {
      max-block-size: none;
      overflow: visible;
    }
  }
`;
