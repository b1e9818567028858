/** Bytes of each sample. */
const SAMPLE = 64 * 1024;

/**
 * 64 bits that are enough to tell files apart where the page has no WebCrypto (plain `http:`): FNV-1a.
 * @see https://www.rfc-editor.org/rfc/rfc9923
 */
function weakHash(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `w-${hash.toString(36)}`;
}

/** Bytes in hexadecimal. */
export const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Gives what a file is recognised by when it is chosen again: a hash of its size, time and samples of its head,
 * middle and tail. Costs milliseconds at any size; the name does not count.
 * @throws DOMException when the file cannot be read
 */
export async function fingerprint(file: File): Promise<string> {
  const { size, lastModified } = file;
  const starts = [0, Math.floor((size - SAMPLE) / 2), size - SAMPLE].map((start) => Math.max(0, start));
  const samples = size <= SAMPLE * 3 ? [file.slice()] : starts.map((start) => file.slice(start, start + SAMPLE));
  const bytes = new Uint8Array(await new Blob([`${size} ${lastModified} `, ...samples]).arrayBuffer());
  if (!globalThis.crypto?.subtle) return weakHash(bytes);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
