/** Generates data for editors (HTML and CSS) and types for frameworks' templates from the custom elements manifest. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TYPES_OF_FRAMEWORKS } from './framework-types.js';
import { ROOT } from './run.js';

const TAG = 'mule-upload';

interface Described {
  name: string;
  description?: string;
}

interface Member extends Described {
  kind: 'field' | 'method';
  privacy?: string;
  static?: boolean;
  readonly?: boolean;
  type?: { text: string };
}

export interface ElementDeclaration {
  tagName?: string;
  description: string;
  attributes: (Described & { type: { text: string }; default?: string; fieldName: string })[];
  members: Member[];
  events: (Described & { type: { text: string } })[];
  slots: Described[];
  cssParts: Described[];
  cssProperties: (Described & { default?: string })[];
  cssStates: Described[];
}

/** Finds the element in a manifest. @throws Error if it is missing */
export function elementOf(manifest: { modules: { declarations?: { tagName?: string }[] }[] }): ElementDeclaration {
  const found = manifest.modules
    .flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === TAG);
  if (!found) throw new Error(`the manifest knows no <${TAG}>`);
  return found as ElementDeclaration;
}

/** Returns the words that an attribute may have, if its type lists them. */
const wordsOf = (type: string): string[] => [...type.matchAll(/'([^']+)'/g)].map(([, word]) => word!);

/** @see https://github.com/microsoft/vscode-custom-data */
function htmlData({ description, attributes, slots, events }: ElementDeclaration): object {
  const list = (title: string, all: readonly Described[]): string =>
    `**${title}**\n\n${all.map((one) => `- \`${one.name || 'default'}\`: ${one.description}`).join('\n')}`;
  return {
    version: 1.1,
    tags: [
      {
        name: TAG,
        description: {
          kind: 'markdown',
          value: [description, list('Slots', slots), list('Events', events)].join('\n\n'),
        },
        attributes: attributes.map(({ name, description: text, type }) => ({
          name,
          description: text,
          ...(type.text === 'boolean' && { valueSet: 'v' }),
          ...(wordsOf(type.text).length > 0 && { values: wordsOf(type.text).map((word) => ({ name: word })) }),
        })),
      },
    ],
  };
}

/** @see https://github.com/microsoft/vscode-custom-data */
const cssData = ({ cssProperties }: ElementDeclaration): object => ({
  version: 1.1,
  properties: cssProperties.map(({ name, description }) => ({ name, description })),
});

/** Properties that a page may set. */
const settable = ({ members }: ElementDeclaration): string[] =>
  members
    .filter((member) => member.kind === 'field' && !member.privacy && !member.static && !member.readonly)
    .map(({ name }) => name);

/** An attribute has its property's type; numbers and booleans also as written in markup. */
function attributeTypes(element: ElementDeclaration): string {
  const lines = element.attributes.map(({ name, description, fieldName, type }) => {
    const isSwitch = type.text === 'boolean';
    const spelt = isSwitch ? "boolean | ''" : `MuleUploadElement['${fieldName}'] | undefined`;
    const text = /number/.test(type.text) ? `${spelt} | string` : spelt;
    return `  /** ${description} */\n  '${name}'?: ${text};`;
  });
  return `import type { MuleEventMap, MuleUploadElement } from '../element/index.js';

/** Attributes of \`<${TAG}>\`, as markup names them. */
export interface MuleUploadAttributes {
${lines.join('\n')}
}

/** Properties of \`<${TAG}>\` that a page may set. */
export type MuleUploadProperties = Partial<
  Pick<MuleUploadElement, ${settable(element)
    .map((name) => `'${name}'`)
    .join(' | ')}>
>;

/** Listeners for the events of \`<${TAG}>\`, under a framework's names for them. */
export type MuleUploadListeners<Prefix extends string> = {
  [K in keyof MuleEventMap as \`\${Prefix}\${K}\`]?: (
    event: MuleEventMap[K] & { readonly currentTarget: MuleUploadElement },
  ) => void;
};
`;
}

/** Writes all of it into `dist`, beside the manifest. */
export async function writeEditorHelp(): Promise<void> {
  const dist = path.join(ROOT, 'dist');
  const text = await readFile(path.join(dist, 'custom-elements.json'), 'utf8');
  const element = elementOf(JSON.parse(text) as Parameters<typeof elementOf>[0]);
  await mkdir(path.join(dist, 'types'), { recursive: true });
  const files: Record<string, string> = {
    'html-data.json': JSON.stringify(htmlData(element), null, 2),
    'css-data.json': JSON.stringify(cssData(element), null, 2),
    'types/attributes.d.ts': attributeTypes(element),
  };
  for (const [name, types] of Object.entries(TYPES_OF_FRAMEWORKS)) {
    files[`types/${name}.d.ts`] = types;
    // so that it can also be imported as a module, not only for its types
    files[`types/${name}.js`] = 'export {};\n';
  }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(dist, name), content);
}
