import { readXml } from '../../src/xml.js';
import type { XmlElement } from '../../src/xml.js';

export type { XmlElement };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

// Control characters have no place in XML 1.0 text; as references at least the document stays readable to S3 clients.
// eslint-disable-next-line no-control-regex
const UNSAFE = /[&<>"\u0000-\u001f]/g;

function escapeText(value: string): string {
  return value.replace(UNSAFE, (character) => {
    const name = Object.keys(ENTITIES).find((key) => ENTITIES[key] === character);
    return name ? `&${name};` : `&#${character.charCodeAt(0)};`;
  });
}

/** Writes one element holding text. */
export function element(name: string, value: string | number | boolean): string {
  return `<${name}>${escapeText(String(value))}</${name}>`;
}

/** Writes one element holding elements already written. */
export function group(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** Writes a whole document; S3 gives every one but errors and POST answers its namespace. */
export function xmlDocument(root: string, children: readonly string[], { namespace = true } = {}): string {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : '';
  return `${XML_DECLARATION}<${root}${attribute}>${children.join('')}</${root}>`;
}

/**
 * Reads the small documents that S3 requests carry.
 * @throws SyntaxError where the text is no whole XML document, or one that declares a document type
 */
export function parseXml(source: string): XmlElement {
  const { root, isWhole } = readXml(source);
  if (!root || !isWhole) throw new SyntaxError('no whole XML document');
  return root;
}

/** Gives the text of an element's child, or null where there is none. */
export function childText(parent: XmlElement, name: string): string | null {
  return parent.children.find((child) => child.name === name)?.text.trim() ?? null;
}

/** Gives the texts of all children of that name. */
export function childTexts(parent: XmlElement, name: string): string[] {
  return parent.children.filter((child) => child.name === name).map((child) => child.text.trim());
}
