/** Reads the store's responses. */
import { MAX_XML_LENGTH, readXml } from '../../xml.js';
import type { XmlElement } from '../../xml.js';

/** Reads a body as text, until it is longer than `readXml` accepts. */
export async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  for (let read = await reader?.read(); read && !read.done; read = await reader!.read()) {
    text += decoder.decode(read.value, { stream: true });
    if (text.length <= MAX_XML_LENGTH) continue;
    await reader!.cancel().catch(() => undefined);
    return text;
  }
  return text + decoder.decode();
}

/** Returns the root's children of that name; none for an incomplete or malformed document. */
export function childrenIn(source: string, name: string): XmlElement[] {
  const { root, isWhole } = readXml(source);
  return root && isWhole ? root.children.filter((child) => child.name === name) : [];
}
