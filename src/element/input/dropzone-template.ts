import { html, nothing, type TemplateResult } from 'lit';
import type { Format } from '../i18n/format.js';
import type { Translate } from '../i18n/translate.js';
import { acceptText } from '../i18n/accept-text.js';
import { icons } from '../styles/icons.js';

/** The data that the drop zone shows. */
export interface DropzoneView {
  readonly translate: Translate;
  readonly format: Format;
  readonly accept: string;
  readonly capture: string;
  readonly multiple: boolean;
  readonly directory: boolean;
  readonly disabled: boolean;
  readonly canDrop: boolean;
  readonly isDragOver: boolean;
  /** Whether the page has slotted a text that replaces “or drop it here”. */
  readonly hasSlottedText: boolean;
  /** Number of files found so far in folders that are being read. */
  readonly filesRead: number;
  readonly minSize: number | null;
  readonly maxSize: number | null;
  readonly maxFiles: number | null;
}

/** Listeners of the drop zone. */
export interface DropzoneHandlers {
  readonly browse: (event: Event) => void;
  readonly inputChange: (event: Event) => void;
  readonly inputCancel: (event: Event) => void;
  readonly slotChange: () => void;
}

/** Renders the drop zone: button, text and the file input. */
export function dropzoneTemplate(view: DropzoneView, handlers: DropzoneHandlers): TemplateResult {
  const { translate, multiple, directory, disabled, isDragOver, filesRead } = view;
  const browse = translate(directory ? 'browseFolder' : multiple ? 'browseMany' : 'browse');
  return html` <div
    part="dropzone"
    class=${isDragOver ? 'dropzone over' : 'dropzone'}
    ?data-disabled=${disabled}
    @click=${handlers.browse}
  >
    <span class="icon" aria-hidden="true"><slot name="icon">${icons.upload}</slot></span>
    <slot name="button"
      ><button type="button" part="button" class="browse" ?disabled=${disabled}>${browse}</button></slot
    >
    <span class="invitation"
      >${
        filesRead > 0
          ? html`<span class="reading">${translate('reading', { count: filesRead })}</span>`
          : html`<slot @slotchange=${handlers.slotChange}></slot>${dropText(view)}${hintTemplate(view)}`
      }</span
    >
    <input
      type="file"
      hidden
      tabindex="-1"
      aria-label=${browse}
      accept=${view.accept || nothing}
      capture=${view.capture || nothing}
      ?multiple=${multiple}
      ?webkitdirectory=${directory}
      ?disabled=${disabled}
      @click=${stopPropagation}
      @input=${stopPropagation}
      @change=${handlers.inputChange}
      @cancel=${handlers.inputCancel}
    />
  </div>`;
}

// An `input` event is composed: it would reach the page before anything is stored. A `click` would open the picker again.
const stopPropagation = (event: Event): void => event.stopPropagation();

function dropText({ translate, hasSlottedText, canDrop, isDragOver, multiple, directory }: DropzoneView): unknown {
  if (hasSlottedText || !canDrop) return nothing;
  return translate(isDragOver ? 'dropNow' : multiple || directory ? 'dropMany' : 'drop');
}

/** Renders the accepted types and the limits. */
function hintTemplate({
  translate,
  format,
  accept,
  minSize,
  maxSize,
  maxFiles,
  multiple,
  directory,
}: DropzoneView): unknown {
  const min = minSize === null ? '' : format.bytes(minSize);
  const max = maxSize === null ? '' : format.bytes(maxSize);
  const types = acceptText(accept, translate, format);
  const hints = [
    types && translate('acceptedTypes', { accept: types }),
    (min || max) && translate(min && max ? 'sizeRange' : max ? 'sizeMost' : 'sizeLeast', { min, max }),
    (multiple || directory) && maxFiles !== null && translate('filesMost', { count: maxFiles }),
  ].filter(Boolean);
  return hints.length > 0 ? html`<span class="hint">${hints.map((hint) => html`<bdi>${hint}</bdi>`)}</span>` : nothing;
}
