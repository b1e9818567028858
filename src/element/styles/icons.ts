import { svg, type SVGTemplateResult } from 'lit';

const strokeIcon = (path: string): SVGTemplateResult => svg`<svg viewBox="0 0 24 24" width="20" height="20" fill="none"
  stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${path}></path></svg>`;

/** Icons on a 24 by 24 grid, drawn in the color of the surrounding text. */
export const icons = {
  upload: strokeIcon('M12 15V4m0 0L7.5 8.5M12 4l4.5 4.5M4 14.5V17a3 3 0 0 0 3 3h10a3 3 0 0 0 3-3v-2.5'),
  file: strokeIcon('M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zm0 0v5h5'),
  start: strokeIcon('M7.5 5.2v13.6L18.5 12z'),
  pause: strokeIcon('M9 5v14M15 5v14'),
  abort: strokeIcon('M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6'),
  dismiss: strokeIcon('M6.5 6.5l11 11M17.5 6.5l-11 11'),
  remove: strokeIcon(
    'M4.5 6.5h15M9.5 6.5v-2h5v2M6.5 6.5l.7 11.6a1.5 1.5 0 0 0 1.5 1.4h6.6a1.5 1.5 0 0 0 1.5-1.4l.7-11.6M10.2 10.2v5.6M13.8 10.2v5.6',
  ),
  retry: strokeIcon('M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.3M20 4.5v4.8h-4.8'),
  choose: strokeIcon('M3.5 7.5v10a2 2 0 0 0 2 2h13a2 2 0 0 0 2-2v-8a2 2 0 0 0-2-2h-7l-2-2.5h-4a2 2 0 0 0-2 2z'),
  done: strokeIcon('M5 12.5l4.5 4.5L19.5 7'),
  failed: strokeIcon('M12 7.5v5.5m0 3.4v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'),
  waiting: strokeIcon('M12 7v5.2l3.2 1.9M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'),
} as const;
