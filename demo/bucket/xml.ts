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

/** An element as read: its local name, its own text, its children. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

function unescapeText(value: string): string {
  return value.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, reference: string) => {
    if (reference.startsWith('#x')) return String.fromCodePoint(Number.parseInt(reference.slice(2), 16));
    if (reference.startsWith('#')) return String.fromCodePoint(Number(reference.slice(1)));
    return ENTITIES[reference] ?? whole;
  });
}

/**
 * Reads the small documents that S3 requests carry: elements and text; attributes are skipped, prefixes dropped.
 * @throws SyntaxError where tags do not nest, or where a document type is declared
 */
export function parseXml(source: string): XmlElement {
  const top: XmlElement = { name: '', text: '', children: [] };
  const open = [top];
  const token = /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<(\/?)([\w.-]+:)?([\w.-]+)([^<>]*?)(\/?)>|([^<]+)|</g;
  for (const [raw, closing, , name, , selfClosing, text] of source.matchAll(token)) {
    const current = open.at(-1)!;
    if (text !== undefined) current.text += unescapeText(text);
    else if (name === undefined) {
      if (raw === '<') throw new SyntaxError('stray "<" in XML');
    } else if (closing) {
      if (current.name !== name || open.length === 1) throw new SyntaxError(`</${name}> closes nothing`);
      open.pop();
    } else {
      const child: XmlElement = { name, text: '', children: [] };
      current.children.push(child);
      if (!selfClosing) open.push(child);
    }
  }
  const root = top.children[0];
  if (open.length !== 1 || !root || top.children.length !== 1 || top.text.trim())
    throw new SyntaxError('not one whole XML element');
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
