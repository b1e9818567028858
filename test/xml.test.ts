import { expect } from '@open-wc/testing';
import { MAX_XML_LENGTH, childText, readXml } from '../src/xml.js';
import type { XmlElement } from '../src/xml.js';
import { seededRandom } from './engine/random.js';

const random = seededRandom(14);
const pick = <T>(...choices: T[]): T => choices[random.below(choices.length)]!;
const repeatUpTo = (max: number, create: () => string): string =>
  Array.from({ length: random.below(max + 1) }, create).join('');

const TEXTS = ['x', 'Part', ' ', '\n', 'é', '漢', '🐴', '"', "'", '>', '/', '=', '!', '?', '-', '--', ']', ';', '#'];
const REFERENCES = ['&amp;', '&lt;', '&gt;', '&quot;', '&apos;', '&#65;', '&#x1F434;', '&#xe9;', '&#10;'];

const makeText = (): string => repeatUpTo(4, () => pick(...TEXTS, ...REFERENCES)).replaceAll(']>', '] >');
// begins with a space: WebKitGTK's libxml2 refuses a comment that begins with ">", which XML allows
const makeComment = (): string => `<!-- ${repeatUpTo(4, () => pick('a', '<b>', '&', ' ', '>', ']]', '</Part>'))}-->`;
const makeCdata = (): string =>
  `<![CDATA[${repeatUpTo(4, () => pick('a', '<Part>', '&lt;', '"', '-->', '<!--', ']'))}]]>`;
const makeInstruction = (): string => `<?go ${repeatUpTo(4, () => pick('a', '<b>', '"', '>', '-->'))}?>`;

function makeAttributes(): string {
  const names = ['a', 'B-c', 'p:d', 'xsi.type', 'é'].filter(() => random.below(4) === 0);
  return names
    .map((name) => {
      const quote = pick('"', "'");
      const value = repeatUpTo(4, () => pick('a', '/', '>', '&lt;', '/>', quote === '"' ? "'" : '"'));
      return `${pick(' ', '\n')}${name}${pick('', ' ')}=${pick('', ' ')}${quote}${value}${quote}`;
    })
    .join('');
}

function makeElement(depth: number, isRoot = false): string {
  const name = pick('Part', 'ETag', 'p:Size', 'p:Part', 'Nom-é', '_x', 'a.b');
  const start = `<${name}${isRoot ? ' xmlns="urn:s3" xmlns:p="urn:p"' : ''}${makeAttributes()}${pick('', ' ')}`;
  if (random.below(6) === 0) return `${start}/>`;
  const inner = repeatUpTo(5, () =>
    pick(makeText, makeText, makeComment, makeCdata, makeInstruction, () => (depth ? makeElement(depth - 1) : ''))(),
  );
  return `${start}>${inner}</${name}${pick('', ' ')}>`;
}

const makeProlog = (): string => pick('', '<?xml version="1.0" encoding="UTF-8"?>\n');
const makeMisc = (): string => repeatUpTo(2, () => pick(' ', '\n', makeComment(), makeInstruction()));
const makeDocument = (): string => `${makeProlog()}${makeMisc()}${makeElement(4, true)}${makeMisc()}`;

/** Returns the root as the browser's own parser reads it; null if that rejects the document. */
function readByBrowser(source: string): XmlElement | null {
  const parsed = new DOMParser().parseFromString(source, 'application/xml');
  if (parsed.getElementsByTagName('parsererror').length) return null;
  const toElement = ({ localName, childNodes, children }: Element): XmlElement => ({
    name: localName,
    text: [...childNodes].map((node) => (node instanceof Text ? node.data : '')).join(''),
    children: [...children].map(toElement),
  });
  return toElement(parsed.documentElement);
}

const readWhole = (source: string): XmlElement | null => {
  const { root, isWhole } = readXml(source);
  return isWhole ? root : null;
};

describe('readXml', () => {
  it('reads 3,000 generated documents as DOMParser does', () => {
    for (let count = 0; count < 3_000; count++) {
      const source = makeDocument();
      const expected = readByBrowser(source);
      expect(expected, `the test generates well-formed XML: ${source}`).not.to.equal(null);
      expect(readXml(source), source).to.deep.equal({ root: expected, isWhole: true });
    }
  });

  it('rejects each of them when truncated', () => {
    for (let count = 0; count < 3_000; count++) {
      const source = makeProlog() + makeElement(3, true);
      expect(readXml(source.slice(0, random.below(source.length))).isWhole, source).to.equal(false);
    }
  });

  it('reads every damaged document that DOMParser accepts as DOMParser does', () => {
    let accepted = 0;
    for (let count = 0; count < 6_000; count++) {
      const characters = [...makeDocument()];
      characters.splice(random.below(characters.length), random.below(3), pick('', '<', '>', '/', '"', '&', ';', 'a'));
      const damaged = characters.join('');
      const expected = readByBrowser(damaged);
      if (!expected) continue;
      accepted++;
      expect(readWhole(damaged), damaged).to.deep.equal(expected);
    }
    expect(accepted).to.be.greaterThan(500);
  });

  it('rejects overlapping elements, as DOMParser does', () => {
    for (const source of ['<a><b></a></b>', '<a></a></a>', '<a></b>', '</a>', '<a/><b/>', '<a>x', 'x<a/>', '', ' ']) {
      expect(readByBrowser(source), source).to.equal(null);
      expect(readXml(source).isWhole, source).to.equal(false);
    }
  });

  it('rejects truncated, too large and too deep documents, and every document type', () => {
    for (const source of [
      '<a><b>',
      '<a',
      '<a b="',
      '<a><!-- ',
      '<a><![CDATA[',
      '<a><?b',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      '<!doctype html><html></html>',
      '<a><!DOCTYPE a></a>',
      `${'<a>'.repeat(99)}${'</a>'.repeat(99)}`,
      `<a>${'<b/>'.repeat(100_001)}</a>`,
      `<a>${' '.repeat(MAX_XML_LENGTH)}</a>`,
      `<a ${' '.repeat(1_000)}/>`,
    ])
      expect(readXml(source).isWhole, source.slice(0, 40)).to.equal(false);
  });

  it('reads the longest text, attribute, comment and name that the limits allow', () => {
    const long = 'x'.repeat(MAX_XML_LENGTH - 99);
    for (const source of [`<a>${long}</a>`, `<a b="${long}"/>`, `<a/><!--${long}-->`, `<a><![CDATA[${long}]]></a>`])
      expect(readXml(source).isWhole, source.slice(0, 20)).to.equal(true);
    expect(readXml(`<${long}`).isWhole).to.equal(false);
  });

  it('reads control characters in keys, which DOMParser rejects', () => {
    const { root } = readXml('<Error><Key>a&#x1;b</Key></Error>');
    expect(childText(root!, 'Key')).to.equal('a\u0001b');
  });

  it('returns no text of an element that is truncated', () => {
    const { root } = readXml('<Error><Code>InvalidPart');
    expect(root).to.deep.equal({ name: 'Error', text: '', children: [{ name: 'Code', text: '', children: [] }] });
  });
});
