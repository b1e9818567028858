import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { UploadSnapshot } from '../../engine/api/types.js';
import { LIST_SIZES, type RowRange } from './row-ranges.js';
import { rowTemplate, type ListPosition } from './row-template.js';
import { storedFileRowTemplate } from './stored-file-row.js';
import type { Handlers, View } from './view.js';

/** Renders the list. In a long list, empty placeholders of the same height replace the rows far from the viewport. */
export function listTemplate(view: View, handlers: Handlers): unknown {
  const { uploads, storedFiles, translate, rowLayout } = view;
  const count = uploads.length + storedFiles.length;
  if (count === 0) return nothing;
  // not a <ul>: WebKit drops the role of a list without a list style
  return html` <div
    part="list"
    role="list"
    class=${count > LIST_SIZES.maxRowsRenderedAtOnce ? 'list long' : 'list'}
    aria-label=${translate('files')}
    @click=${handlers.rowClick}
  >
    ${repeat(
      rowLayout.splitIntoRanges(count),
      ({ begin, isRendered }) => (isRendered ? begin : `from ${begin}`),
      (range) =>
        html`<div
          role="none"
          class="block"
          .style=${range.isRendered ? '' : `block-size:${rowLayout.heightOf(range)}px`}
        >
          ${range.isRendered ? rowsTemplate(view, range) : nothing}
        </div>`,
    )}
  </div>`;
}

function rowsTemplate(view: View, { begin, end }: RowRange): unknown {
  const { uploads, storedFiles, openQuestion, thumbnails } = view;
  const count = uploads.length + storedFiles.length;
  const isLong = count > LIST_SIZES.maxRowsRenderedAtOnce;
  const dependenciesOfAllRows = [
    view.translate,
    view.format,
    view.held,
    view.offline,
    view.showsPartMaps,
    view.recoverableCount === 1,
  ];
  const secondsToRetry = ({ retryAt }: UploadSnapshot): number =>
    retryAt === null ? 0 : Math.ceil((retryAt - view.now) / 1000);
  const positionOf = (index: number): ListPosition | null => (isLong ? { position: index + 1, count } : null);
  const indexes = Array.from({ length: end - begin }, (_, index) => begin + index);
  return repeat(
    indexes,
    (index) => uploads[index - storedFiles.length]?.id ?? `value ${storedFiles[index]?.key}`,
    (index) => {
      const upload = uploads[index - storedFiles.length];
      if (!upload) return storedFileRowTemplate(storedFiles[index]!, view, positionOf(index));
      const { id } = upload;
      // an unchanged upload keeps its snapshot; only its countdown changes without a new one
      const dependencies = [
        upload,
        secondsToRetry(upload),
        openQuestion === id,
        thumbnails.get(id),
        isLong && `${index} ${count}`,
      ];
      return guard([...dependencies, ...dependenciesOfAllRows], () => rowTemplate(upload, view, positionOf(index)));
    },
  );
}
