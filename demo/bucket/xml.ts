import { readXml } from '../../src/xml.js';
import type { XmlElement } from '../../src/xml.js';

export type { XmlElement };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

// XML 1.0 allows no control characters in text; written as references, S3 clients can read them.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[&<>"\u0000-\u001f]/g;

function escapeText(value: string): string {
  return value.replace(UNSAFE, (character) => {
    const name = Object.keys(ENTITIES).find((key) => ENTITIES[key] === character);
    return name ? `&${name};` : `&#${character.charCodeAt(0)};`;
  });
}

/** Writes one element with text. */
export function element(name: string, value: string | number | boolean): string {
  return `<${name}>${escapeText(String(value))}</${name}>`;
}

/** Writes one element with child elements. */
export function group(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** Writes a document. S3 sets its namespace on all documents except errors and responses to POST. */
export function xmlDocument(root: string, children: readonly string[], { namespace = true } = {}): string {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : '';
  return `${XML_DECLARATION}<${root}${attribute}>${children.join('')}</${root}>`;
}

/**
 * Reads the small XML documents of S3 requests.
 * @throws SyntaxError if the text is not a complete XML document, or declares a document type
 */
export function parseXml(source: string): XmlElement {
  const { root, isWhole } = readXml(source);
  if (!root || !isWhole) throw new SyntaxError('the text is not a complete XML document');
  return root;
}

/** Returns the text of an element's child, or null if there is none. */
export function childText(parent: XmlElement, name: string): string | null {
  return parent.children.find((child) => child.name === name)?.text.trim() ?? null;
}

/** Returns the texts of all children of that name. */
export function childTexts(parent: XmlElement, name: string): string[] {
  return parent.children.filter((child) => child.name === name).map((child) => child.text.trim());
}
