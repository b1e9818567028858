import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { StoredFile } from '../form/stored-file.js';
import { icons } from '../styles/icons.js';
import { rowButton } from './row-buttons.js';
import { nameTemplate, type ListPosition } from './row-template.js';
import type { View } from './view.js';

/** Renders an object that was stored earlier, as a list item. */
export function storedFileRowTemplate(
  file: StoredFile,
  { translate, format }: View,
  position: ListPosition | null,
): TemplateResult {
  const { key, size } = file;
  const name = file.name ?? (key.split('/').at(-1) || key);
  const url = linkUrl(file.url);
  const shownName = nameTemplate(key, name);
  return html` <div
    part="item"
    role="listitem"
    class="row"
    data-value=${key}
    data-status="complete"
    aria-posinset=${position?.position ?? nothing}
    aria-setsize=${position?.count ?? nothing}
  >
    <span class="glyph" aria-hidden="true">${glyphTemplate(file)}</span>
    <div class="line head">
      ${url ? html`<a part="link" class="link" href=${url} target="_blank" rel="noopener">${shownName}</a>` : shownName}
    </div>
    <div class="line foot small">
      <span part="status" class="status">${translate('complete')}</span>
      ${size === undefined ? nothing : html`<span><bdi part="size">${format.bytes(size)}</bdi></span>`}
    </div>
    <div class="actions">
      ${rowButton(name, translate, 'remove-value', icons.remove, { part: 'dismiss', text: 'remove' })}
    </div>
  </div>`;
}

function glyphTemplate({ thumbnail, url, type = '' }: StoredFile): unknown {
  const source = imageUrl(thumbnail ?? (type.startsWith('image/') ? url : undefined));
  if (!source) return icons.done;
  // the icon stays below the image, which may fail to load; another URL gets another image
  const image = html`<img
    part="thumbnail"
    src=${source}
    alt=""
    loading="lazy"
    decoding="async"
    draggable="false"
    @error=${hide}
  />`;
  return html`${icons.file}${keyed(source, image)}<span class="badge">${icons.done}</span>`;
}

const hide = ({ target }: Event): void => {
  (target as HTMLElement).hidden = true;
};

/** Returns a URL that a link may open; undefined for one that could run a script, or that browsers do not open. */
function linkUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  try {
    const { protocol } = new URL(url, document.baseURI);
    const ownProtocol = new URL(document.baseURI).protocol;
    return /^(?:https?|blob):$/.test(protocol) || protocol === ownProtocol ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a URL that an image may have; undefined for others. */
const imageUrl = (url: string | undefined): string | undefined =>
  linkUrl(url) ?? (/^data:image\//i.test(url ?? '') ? url : undefined);
