import { readXml } from '../../src/xml.js';
import type { XmlElement } from '../../src/xml.js';

/** Gives every element of that name in the document's order; none where the text is no whole document. */
export function elementsOf(xml: string, name: string): XmlElement[] {
  const { root, isWhole } = readXml(xml);
  const collect = (element: XmlElement): XmlElement[] => [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap(collect),
  ];
  return root && isWhole ? collect(root) : [];
}

/** Gives the text of an element's child; empty where it has none of that name. */
export const childTextOf = ({ children }: XmlElement, name: string): string =>
  children.find((child) => child.name === name)?.text ?? '';

/** Gives the text of every element of that name. */
export const textsOf = (xml: string, name: string): string[] => elementsOf(xml, name).map(({ text }) => text);

/** Gives the text of the first element of that name; empty where there is none. */
export const textOf = (xml: string, name: string): string => textsOf(xml, name)[0] ?? '';
