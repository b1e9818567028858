/** An object that was stored earlier, as in an edit form. The form submits its key; the other details are shown. */
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

let hasWarned = false;

/** Converts what a page, or a framework's binding for text fields, may assign as the value. */
export function toStoredFiles(value: unknown): StoredFile[] {
  const list: unknown[] = Array.isArray(value) ? value : value === '' ? [] : [value];
  return list.flatMap((item) => {
    if (item === null || item === undefined) return [];
    const fields = Object(typeof item === 'object' ? item : { key: item }) as Readonly<Record<string, unknown>>;
    const key = textOf(fields['key']);
    if (key !== undefined) return [describe(key, fields)];
    if (!hasWarned)
      console.warn(
        '<mule-upload>: an item of value is ignored, because it is neither a key nor an object with a key.',
        item,
      );
    hasWarned = true;
    return [];
  });
}

/** Copies the valid details of a stored file; data of a server may have `null` for the others. */
function describe(key: string, { size, ...fields }: Readonly<Record<string, unknown>>): StoredFile {
  const [name, type, url, thumbnail] = ['name', 'type', 'url', 'thumbnail'].map((field) => textOf(fields[field]));
  return {
    key,
    ...(name !== undefined && { name }),
    ...(typeof size === 'number' && Number.isFinite(size) && { size }),
    ...(type !== undefined && { type }),
    ...(url !== undefined && { url }),
    ...(thumbnail !== undefined && { thumbnail }),
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'number' || (typeof value === 'string' && value !== '') ? String(value) : undefined;
