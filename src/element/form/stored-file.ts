/** An object that was stored earlier, as in an edit form. All but its key is only shown. */
export interface StoredFile {
  /** Key of the object, or another value that the form submits for it. */
  readonly key: string;
  /** Name to show; the last part of the key by default. */
  readonly name?: string;
  /** Bytes. */
  readonly size?: number;
  /** MIME type: an image without `thumbnail` is shown by its `url`. */
  readonly type?: string;
  /** Where the file can be opened. */
  readonly url?: string;
  /** URL of a small image. */
  readonly thumbnail?: string;
}

/** Converts what a page, or a framework's binding for text fields, may assign as the value. */
export function toStoredFiles(value: unknown): StoredFile[] {
  const list: unknown[] = Array.isArray(value) ? value : value === '' ? [] : [value];
  return list.flatMap((item) => {
    if (item === null || item === undefined) return [];
    if (typeof item === 'string' || typeof item === 'number') return [{ key: String(item) }];
    const { key } = Object(item) as Partial<StoredFile>;
    if (typeof key === 'string' && key !== '') return [item as StoredFile];
    console.warn(
      '<mule-upload>: an item of value is ignored, because it is neither a key nor an object with a key.',
      item,
    );
    return [];
  });
}

/** Returns a URL that may be opened or shown; undefined for others, which could run a script. */
export function safeUrl(url: string | undefined): string | undefined {
  if (!url) return undefined;
  try {
    return /^(?:https?|blob):$/.test(new URL(url, document.baseURI).protocol) || /^data:image\//i.test(url)
      ? url
      : undefined;
  } catch {
    return undefined;
  }
}
