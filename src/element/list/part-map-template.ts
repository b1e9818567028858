import { html, svg, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { drawPartMap, type PartMap } from './part-map.js';

/** Drawn until the states of the parts are known. */
const EMPTY_MAP: PartMap = { cellCount: 1, all: 'M0 0.5h1', stored: '', partlyStored: '', inFlight: '' };

/** Draws which parts are stored, in flight and missing. Hidden from screen readers, which read the progress bar around it. */
export function partMapTemplate(status: UploadSnapshot['status'], states: Uint8Array | null): TemplateResult {
  const { cellCount, all, stored, partlyStored, inFlight } = states ? drawPartMap(states) : EMPTY_MAP;
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
      <path class="partly" d=${partlyStored}></path><path class="in-flight" d=${inFlight}></path>`}
  </svg>`;
}

/** Returns a gap, in cells, that looks equally wide whether cells are few or many. */
const gapBetweenCells = (cellCount: number): number =>
  cellCount > 1 ? Math.round(Math.max(2, Math.min(25, cellCount / 4))) / 100 : 0;
