import { readXml } from '../../src/xml.js';
import type { XmlElement } from '../../src/xml.js';

/** Returns every element of that name in document order; an empty array if the text is not a complete XML document. */
export function elementsOf(xml: string, name: string): XmlElement[] {
  const { root, isWhole } = readXml(xml);
  const collect = (element: XmlElement): XmlElement[] => [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap(collect),
  ];
  return root && isWhole ? collect(root) : [];
}

/** Returns the text of an element's child; empty if it has none of that name. */
export const childTextOf = ({ children }: XmlElement, name: string): string =>
  children.find((child) => child.name === name)?.text ?? '';

/** Returns the text of every element of that name. */
export const textsOf = (xml: string, name: string): string[] => elementsOf(xml, name).map(({ text }) => text);

/** Returns the text of the first element of that name; empty if there is none. */
export const textOf = (xml: string, name: string): string => textsOf(xml, name)[0] ?? '';
