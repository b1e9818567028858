import { html, svg, type TemplateResult } from 'lit';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { drawPartMap, type PartMap } from './part-map.js';
import type { View } from './view.js';

/** Drawn until the states of the parts are known, so that the height of the row does not change. */
const EMPTY_MAP: PartMap = { columns: 1, lines: 1, all: 'M0 0.5h1', stored: '', partlyStored: '', inFlight: '' };

/** Draws which parts are stored, in flight and missing. */
export function partMapTemplate(
  { id, status, parts }: UploadSnapshot,
  { partStates, translate }: Pick<View, 'partStates' | 'translate'>,
): TemplateResult {
  const states = partStates(id);
  const { columns, lines, all, stored, partlyStored, inFlight } = states ? drawPartMap(states) : EMPTY_MAP;
  const gap = gapBetweenCells(columns);
  return html`<svg
    part="map"
    class="map"
    role="img"
    aria-label=${translate('partsStored', { done: parts.done, count: parts.total })}
    stroke-dasharray=${`${1 - gap} ${gap}`}
    viewBox="0 0 ${columns} ${lines}"
    preserveAspectRatio="none"
  >
    ${svg`<path class="all" d=${all}></path><path d=${status === 'complete' ? all : stored}></path>
      <path class="partly" d=${partlyStored}></path><path class="in-flight" d=${inFlight}></path>`}
  </svg>`;
}

/** Returns a gap, in cells, that looks equally wide whether cells are few or many. */
const gapBetweenCells = (columns: number): number => Math.round(Math.max(2, Math.min(25, columns / 4))) / 100;
