import { html, svg, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { drawPartMap } from './part-map.js';

/**
 * Draws which parts are stored, in flight and missing. Hidden from screen readers, which read the progress bar around it.
 * @param states one byte per part, as `partStates()` returns them
 */
export function partMapTemplate({ status, loaded, parts }: UploadSnapshot, states: Uint8Array): TemplateResult {
  // the uploader knows only the bytes of all parts in flight together
  const loadedInFlight = Math.max(0, loaded - parts.done * parts.size);
  const { cellCount, all, stored, partlyStored, inFlight, sent } = drawPartMap(states, loadedInFlight / parts.size);
  const gap = gapBetweenCells(cellCount);
  // without the gap after the last cell
  const width = cellCount - gap;
  return html`<svg
    part="map"
    class="map"
    aria-hidden="true"
    stroke-dasharray=${`${1 - gap} ${gap}`}
    viewBox="0 0 ${width} 1"
    preserveAspectRatio="none"
  >
    ${svg`<path class="all" d=${all}></path><path d=${status === 'complete' ? all : stored}></path>
      <path class="partly" d=${partlyStored}></path><path class="in-flight" d=${inFlight}></path><path d=${sent}></path>`}
  </svg>`;
}

/** Returns a gap, in cells, that looks equally wide whether cells are few or many. */
const gapBetweenCells = (cellCount: number): number =>
  cellCount > 1 ? Math.round(Math.max(2, Math.min(25, cellCount / 4))) / 100 : 0;
