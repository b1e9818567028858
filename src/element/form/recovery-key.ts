import type { UploadProperties } from '../api/properties.js';

/** Elements that are in the document, and how many of them share each key; null where that has to be counted. */
const elements = new Set<UploadProperties>();
let counts: Map<string, number> | null = null;
let hasWarned = false;

/** Counts an element among those of the page for as long as it is in the document. */
export function countIn(host: UploadProperties, isThere: boolean): void {
  if (isThere) elements.add(host);
  else elements.delete(host);
  counts = null;
}

/** The URL that a form is sent to, without the origin where that is the page's own. */
function actionOf(form: HTMLFormElement): string {
  // by attribute: an `<input name="action">` hides the property
  const action = form.getAttribute('action');
  try {
    const { href, origin } = new URL(action || location.href, document.baseURI);
    return href.replace(/#.*/, '').replace(origin === location.origin ? origin : '', '');
  } catch {
    return String(action);
  }
}

/** Derives a key from the markup: form, name and id of the element; outside a form, the path of the page. */
function derivedKey({ form, name, id, objectKey }: UploadProperties): string {
  const place = form ? [form.getAttribute('id') || form.getAttribute('name'), actionOf(form)] : [location.pathname];
  return JSON.stringify([...place, name, id, objectKey || '']);
}

/** The same for a control that looks like another one of the page: what its uploads are made with tells them apart. */
function keyWithParams(key: string, { params }: UploadProperties): string {
  try {
    return `${key} ${JSON.stringify(params)}`;
  } catch {
    return key;
  }
}

function isUnique(key: string): boolean {
  if (!counts) {
    counts = new Map();
    for (const element of elements) {
      if (element.recoveryKey) continue;
      const derived = derivedKey(element);
      for (const one of new Set([derived, keyWithParams(derived, element)]))
        counts.set(one, (counts.get(one) ?? 0) + 1);
    }
  }
  return (counts.get(key) ?? 0) < 2;
}

/** The control that unfinished uploads come back to. */
export interface RecoveryKey {
  readonly key: string;
  /** Whether no other control of the page looks the same. */
  readonly isUnique: boolean;
}

/** Names the control by its `recovery-key`, else by its form, name and id; warns once where that is not enough. */
export function recoveryKeyOf(host: UploadProperties): RecoveryKey {
  if (host.recoveryKey) return { key: String(host.recoveryKey), isUnique: true };
  const derived = derivedKey(host);
  if (isUnique(derived)) return { key: derived, isUnique: true };
  const key = keyWithParams(derived, host);
  if (isUnique(key)) return { key, isUnique: true };
  if (!hasWarned)
    console.warn(
      '<mule-upload>: several elements of this page have the same form, name and id, so their unfinished uploads resume only when the file is chosen again. Give each a name, an id or a recovery-key.',
      host,
    );
  hasWarned = true;
  return { key, isUnique: false };
}
