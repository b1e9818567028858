/** Generates data for editors (HTML and CSS) and types for frameworks' templates from the custom elements manifest. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TYPES_OF_FRAMEWORKS } from './framework-types.js';
import { ROOT } from './run.js';

const TAG = 'mule-upload';

interface Documented {
  name: string;
  description?: string;
}

interface Member extends Documented {
  kind: 'field' | 'method';
  privacy?: string;
  static?: boolean;
  readonly?: boolean;
  type?: { text: string };
}

export interface ElementDeclaration {
  tagName?: string;
  description: string;
  attributes: (Documented & { type: { text: string }; default?: string; fieldName: string })[];
  members: Member[];
  events: (Documented & { type: { text: string } })[];
  slots: Documented[];
  cssParts: Documented[];
  cssProperties: (Documented & { default?: string })[];
  cssStates: Documented[];
}

/** Returns the declaration of `<mule-upload>` in a manifest. @throws Error if it is missing */
export function elementOf(manifest: { modules: { declarations?: { tagName?: string }[] }[] }): ElementDeclaration {
  const found = manifest.modules
    .flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === TAG);
  if (!found) throw new Error(`the manifest has no <${TAG}>`);
  return found as ElementDeclaration;
}

/** Returns the values that an attribute's type lists, such as `'auto' | 'ask'`; none for other types. */
const listedValues = (type: string): string[] => [...type.matchAll(/'([^']+)'/g)].map(([, value]) => value!);

/** @see https://github.com/microsoft/vscode-custom-data */
function htmlData({ description, attributes, slots, events }: ElementDeclaration): object {
  const section = (title: string, entries: readonly Documented[]): string =>
    `**${title}**\n\n${entries.map((entry) => `- \`${entry.name || 'default'}\`: ${entry.description}`).join('\n')}`;
  return {
    version: 1.1,
    tags: [
      {
        name: TAG,
        description: {
          kind: 'markdown',
          value: [description, section('Slots', slots), section('Events', events)].join('\n\n'),
        },
        attributes: attributes.map(({ name, description: text, type }) => ({
          name,
          description: text,
          ...(type.text === 'boolean' && { valueSet: 'v' }),
          ...(listedValues(type.text).length > 0 && {
            values: listedValues(type.text).map((value) => ({ name: value })),
          }),
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

/** Returns the names of the properties that a page may set. */
const settableProperties = ({ members }: ElementDeclaration): string[] =>
  members
    .filter((member) => member.kind === 'field' && !member.privacy && !member.static && !member.readonly)
    .map(({ name }) => name);

/**
 * Returns the module `types/attributes.d.ts`. An attribute has the type of its property. Markup writes a number as a
 * string, and a boolean as an empty string.
 */
function attributesModule(element: ElementDeclaration): string {
  const lines = element.attributes.map(({ name, description, fieldName, type }) => {
    const isBoolean = type.text === 'boolean';
    const markupType = isBoolean ? "boolean | ''" : `MuleUploadElement['${fieldName}'] | undefined`;
    const text = /number/.test(type.text) ? `${markupType} | string` : markupType;
    return `  /** ${description} */\n  '${name}'?: ${text};`;
  });
  return `import type { MuleEventMap, MuleUploadElement, StoredFile } from '../element/index.js';

/** Attributes of \`<${TAG}>\`, as markup names them. */
export interface MuleUploadAttributes {
${lines.join('\n')}
}

/** Properties of \`<${TAG}>\` that a page may set. */
export type MuleUploadProperties = Partial<
  Pick<MuleUploadElement, ${settableProperties(element)
    .filter((name) => name !== 'value')
    .map((name) => `'${name}'`)
    .join(' | ')}>
> & {
  /** Keys of objects stored earlier, or objects that describe them; it is read as a list of keys. */
  value?: readonly (string | StoredFile)[];
};

/** Listeners for the events of \`<${TAG}>\`, under a framework's names for them. */
export type MuleUploadListeners<Prefix extends string> = {
  [K in keyof MuleEventMap as \`\${Prefix}\${K}\`]?: (
    event: MuleEventMap[K] & { readonly currentTarget: MuleUploadElement },
  ) => void;
};
`;
}

/** Writes the editor data and the framework types into `dist`, beside the manifest. */
export async function writeEditorHelp(): Promise<void> {
  const dist = path.join(ROOT, 'dist');
  const text = await readFile(path.join(dist, 'custom-elements.json'), 'utf8');
  const element = elementOf(JSON.parse(text) as Parameters<typeof elementOf>[0]);
  await mkdir(path.join(dist, 'types'), { recursive: true });
  const files: Record<string, string> = {
    'html-data.json': JSON.stringify(htmlData(element), null, 2),
    'css-data.json': JSON.stringify(cssData(element), null, 2),
    'types/attributes.d.ts': attributesModule(element),
  };
  for (const [name, types] of Object.entries(TYPES_OF_FRAMEWORKS)) {
    files[`types/${name}.d.ts`] = types;
    // lets a page import the module at run time too: import 'mule-upload/types/react.js'
    files[`types/${name}.js`] = 'export {};\n';
  }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(dist, name), content);
}
