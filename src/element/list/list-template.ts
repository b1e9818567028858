import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { LIST_SIZES, type RowRange } from './row-ranges.js';
import { storedKeyRowTemplate, rowTemplate, type ListPosition } from './row-template.js';
import type { Handlers, View } from './view.js';

/** Renders the list. In a long list, an empty box takes the place of rows far from view. */
export function listTemplate(view: View, on: Handlers): unknown {
  const { uploads, storedKeys, translate, rowRanges } = view;
  const count = uploads.length + storedKeys.length;
  if (count === 0) return nothing;
  // not a <ul>: WebKit drops the role of a list without a list style
  return html` <div
    part="list"
    role="list"
    class=${count > LIST_SIZES.longList ? 'list long' : 'list'}
    aria-label=${translate('files')}
    @click=${on.rowClick}
  >
    ${repeat(
      rowRanges.rangesOf(count),
      ({ begin, isRendered }) => (isRendered ? begin : `from ${begin}`),
      (range) =>
        html`<div
          role="none"
          class="block"
          .style=${range.isRendered ? '' : `block-size:${rowRanges.heightOf(range)}px`}
        >
          ${range.isRendered ? rowsTemplate(view, range) : nothing}
        </div>`,
    )}
  </div>`;
}

function rowsTemplate(view: View, { begin, end }: RowRange): unknown {
  const { uploads, storedKeys: adopted, openQuestion, thumbnails } = view;
  const count = uploads.length + adopted.length;
  const isLong = count > LIST_SIZES.longList;
  const common = [view.translate, view.format, view.held, view.offline];
  const countdown = ({ retryAt }: UploadSnapshot): number =>
    retryAt === null ? 0 : Math.ceil((retryAt - view.now) / 1000);
  const positionOf = (index: number): ListPosition | null => (isLong ? { position: index + 1, count } : null);
  const indexes = Array.from({ length: end - begin }, (_, index) => begin + index);
  return repeat(
    indexes,
    (index) => uploads[index - adopted.length]?.id ?? `value ${adopted[index]}`,
    (index) => {
      const upload = uploads[index - adopted.length];
      if (!upload) return storedKeyRowTemplate(adopted[index]!, view, positionOf(index));
      const { id } = upload;
      // an unchanged upload has the same snapshot; only its countdown changes without one
      const own = [upload, countdown(upload), openQuestion === id, thumbnails.get(id), isLong && `${index} ${count}`];
      return guard([...own, ...common], () => rowTemplate(upload, view, positionOf(index)));
    },
  );
}
