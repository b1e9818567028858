/**
 * Parses the XML of S3's answers, for engine and signer.
 *
 * No existing parser fits: `DOMParser` is missing in workers and in Node, and a library would be loaded on every page.
 * It runs in linear time, does not recurse, and enforces the limits below. The browser tests compare it with
 * `DOMParser` on generated documents.
 *
 * It accepts more than XML 1.0 in two ways. A reference to an unknown entity is text. Every character is allowed, because S3
 * lists keys with control characters. Names are local names, because prefixes differ between stores; case matters.
 * @see https://www.w3.org/TR/xml/
 */

/** Maximum characters of a document. A page of ListParts with 1,000 parts and their checksums has about 400,000. */
export const MAX_XML_LENGTH = 4_194_304;
const MAX_ELEMENTS = 100_000;
const MAX_DEPTH = 16;

export interface XmlElement {
  /** Local name. */
  name: string;
  /** The element's own text, without that of its children. */
  text: string;
  children: XmlElement[];
}

export interface XmlDocument {
  /**
   * The root element; null if there is none. If `isWhole` is false, it has the content up to where parsing stopped, and
   * elements without an end tag have no text.
   */
  root: XmlElement | null;
  /** False if the text is truncated, malformed, above the limits, or declares a document type. */
  isWhole: boolean;
}

/**
 * Matches a processing instruction, comment, CDATA section, end tag, start tag (with the slash of an empty element), or text.
 * The alternatives differ in their first characters and no repetition can match in two ways, so matching takes linear time.
 * A tag has at most 999 characters besides quoted values, which bounds the stack of the regular expression engine.
 */
const TOKEN =
  /<\?[^]*?\?>|<!--[^]*?-->|<!\[CDATA\[([^]*?)]]>|<\/([^\s<>]+)\s*>|<([^\s"'<>=&/!?]+)(?:\s(?:[^<>"'/]|"[^"]*"|'[^']*'){0,999})?(\/?)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Parses a document, up to the limits. Never throws. */
export function readXml(source: string): XmlDocument {
  const top: XmlElement = { name: '', text: '', children: [] };
  const openElements = [top];
  const isWhole = source.length <= MAX_XML_LENGTH && parseInto(top, openElements, source);
  // truncated text could be mistaken for another: InvalidPartOrder, when cut, reads as InvalidPart
  if (!isWhole) for (const element of openElements) element.text = '';
  return { root: top.children[0] ?? null, isWhole };
}

/** Returns the trimmed text of an element's first child of that name; null if there is none. */
export const childText = ({ children }: XmlElement, name: string): string | null =>
  children.find((child) => child.name === name)?.text.trim() ?? null;

/** Returns the text of the root's first child of that name; empty if there is none. */
export function textIn(source: string, name: string): string {
  const { root } = readXml(source);
  return (root && childText(root, name)) ?? '';
}

/**
 * Parses the document and adds its elements to `top`.
 * @param openElements receives the elements that have not ended, `top` first
 * @returns whether the document is complete
 */
function parseInto(top: XmlElement, openElements: XmlElement[], source: string): boolean {
  const names: string[] = [];
  let parsedLength = 0;
  let elementCount = 0;
  for (const [token, cdata, end, start, slash, text] of source.matchAll(TOKEN)) {
    const current = openElements.at(-1)!;
    parsedLength += token.length;
    if (start) {
      if (++elementCount > MAX_ELEMENTS || openElements.length > MAX_DEPTH) return false;
      const element = { name: start.replace(/^.*?:/, ''), text: '', children: [] };
      current.children.push(element);
      if (slash) continue;
      openElements.push(element);
      names.push(start);
    } else if (end) {
      if (end !== names.pop()) return false;
      openElements.pop();
    } else current.text += text ? unescapeXml(text) : (cdata ?? '');
  }
  return parsedLength === source.length && !names.length && top.children.length === 1 && !top.text.trim();
}

function unescapeXml(text: string): string {
  return text.replace(/&(#x[\da-fA-F]{1,6}|#\d{1,7}|amp|lt|gt|quot|apos);/g, (match, reference: string) => {
    if (reference[0] !== '#') return ENTITIES[reference]!;
    const code = Number(`0${reference.slice(1)}`);
    return code <= 0x10ffff ? String.fromCodePoint(code) : match;
  });
}
