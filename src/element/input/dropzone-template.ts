import { html, nothing, type TemplateResult } from 'lit';
import type { Format } from '../i18n/format.js';
import type { Translate } from '../i18n/translate.js';
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
  /** Whether the page has slotted its own text. */
  readonly hasOwnText: boolean;
  /** Number of files found so far in folders that are being read. */
  readonly filesRead: number;
  readonly minSize: number | null;
  readonly maxSize: number | null;
}

/** Listeners of the drop zone. */
export interface DropzoneHandlers {
  readonly browse: (event: Event) => void;
  readonly inputChange: (event: Event) => void;
  readonly inputCancel: (event: Event) => void;
  readonly slotChange: () => void;
}

/** Renders the drop zone: button, text and the file input. */
export function dropzoneTemplate(view: DropzoneView, on: DropzoneHandlers): TemplateResult {
  const { translate, multiple, directory, disabled, isDragOver, filesRead } = view;
  const browse = translate(directory ? 'browseFolder' : multiple ? 'browseMany' : 'browse');
  return html` <div
    part="dropzone"
    class=${isDragOver ? 'dropzone over' : 'dropzone'}
    ?data-disabled=${disabled}
    @click=${on.browse}
  >
    <span class="icon" aria-hidden="true"><slot name="icon">${icons.upload}</slot></span>
    <slot name="button"
      ><button type="button" part="button" class="browse" ?disabled=${disabled}>${browse}</button></slot
    >
    <span class="invitation"
      >${
        filesRead > 0
          ? html`<span class="reading">${translate('reading', { count: filesRead })}</span>`
          : html`<slot @slotchange=${on.slotChange}></slot>${dropText(view)}${sizeHintTemplate(view)}`
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
      @change=${on.inputChange}
      @cancel=${on.inputCancel}
    />
  </div>`;
}

// `input` is composed, and would reach the page before anything is stored; `click` would reach the drop zone.
const stopPropagation = (event: Event): void => event.stopPropagation();

function dropText({ translate, hasOwnText, canDrop, isDragOver, multiple, directory }: DropzoneView): unknown {
  if (hasOwnText || !canDrop) return nothing;
  return translate(isDragOver ? 'dropNow' : multiple || directory ? 'dropMany' : 'drop');
}

function sizeHintTemplate({ translate, format, minSize, maxSize }: DropzoneView): unknown {
  const min = minSize === null ? '' : format.bytes(minSize);
  const max = maxSize === null ? '' : format.bytes(maxSize);
  if (!min && !max) return nothing;
  return html`<span class="hint"
    >${translate(min && max ? 'sizeRange' : max ? 'sizeMost' : 'sizeLeast', { min, max })}</span
  >`;
}
