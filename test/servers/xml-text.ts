const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

/** Gives the text of every element of that name, in order. */
export function textsOf(xml: string, name: string): string[] {
  const matches = xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'));
  return [...matches].map(([, text]) => text!.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity]!));
}

/** Gives the text of the first element of that name; empty where there is none. */
export const textOf = (xml: string, name: string): string => textsOf(xml, name)[0] ?? '';
