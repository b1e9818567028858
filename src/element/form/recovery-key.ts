import type { UploadProperties } from '../api/properties.js';

const connectedElements = new Set<UploadProperties>();
/** How many connected elements have each key. */
const keyCounts = new Map<string, number>();
/** The key of each element when they were counted; empty until they are counted again. */
const countedKeys = new Map<UploadProperties, string>();
let hasWarned = false;

/** Registers an element while it is connected: keys must be unique among the elements of a page. */
export function trackElement(host: UploadProperties, isConnected: boolean): void {
  if (isConnected) connectedElements.add(host);
  else connectedElements.delete(host);
  countedKeys.clear();
}

/** Returns the URL that a form is submitted to, without its origin if that is the page's. */
function actionOf(form: HTMLFormElement): string {
  // an `<input name="action">` would shadow the property
  const action = form.getAttribute('action');
  try {
    const { href, origin } = new URL(action || location.href, document.baseURI);
    const url = href.replace(/#.*/, '');
    return origin === location.origin ? url.replace(origin, '') : url;
  } catch {
    return String(action);
  }
}

/** Builds a key from the form, name and id of the element; outside a form, from the path of the page. */
function derivedKey({ form, name, id, objectKey }: UploadProperties): string {
  const context = form ? [form.getAttribute('id') || form.getAttribute('name'), actionOf(form)] : [location.pathname];
  return JSON.stringify([...context, name, id, objectKey || '']);
}

/** Adds `params` to a key, for elements whose form, name and id are the same. */
function keyWithParams(key: string, { params }: UploadProperties): string {
  try {
    return `${key} ${JSON.stringify(params)}`;
  } catch {
    return key;
  }
}

/** Counts the keys of all connected elements. */
function countKeys(): void {
  keyCounts.clear();
  countedKeys.clear();
  for (const element of connectedElements) {
    if (element.recoveryKey) continue;
    const derived = derivedKey(element);
    const withParams = keyWithParams(derived, element);
    countedKeys.set(element, withParams);
    for (const candidate of new Set([derived, withParams]))
      keyCounts.set(candidate, (keyCounts.get(candidate) ?? 0) + 1);
  }
}

const isUnique = (key: string): boolean => (keyCounts.get(key) ?? 0) < 2;

/** Identifies the control in which unfinished uploads are resumed. */
export interface RecoveryKey {
  readonly key: string;
  /** Whether no other element of the page has the same key; a `recovery-key` is not compared. */
  readonly isUnique: boolean;
}

/** Returns the element's `recovery-key`, or a key built from its form, name and id. Warns once if that key is not unique. */
export function recoveryKeyOf(host: UploadProperties): RecoveryKey {
  if (host.recoveryKey) return { key: String(host.recoveryKey), isUnique: true };
  const derived = derivedKey(host);
  const key = keyWithParams(derived, host);
  // the element, or another one, may have changed since
  if (countedKeys.get(host) !== key) countKeys();
  if (isUnique(derived)) return { key: derived, isUnique: true };
  if (isUnique(key)) return { key, isUnique: true };
  if (!hasWarned)
    console.warn(
      '<mule-upload>: several elements of this page have the same form, name and id, so their unfinished uploads resume only when the file is chosen again. Give each a name, an id or a recovery-key.',
      host,
    );
  hasWarned = true;
  return { key, isUnique: false };
}
