/**
 * Build step for a CDN file with lazy chunks. The file is their entry: it requests them by `import()`. The chunks import
 * nothing. A page may load the entry under any URL, and an import from a chunk would load it a second time under its usual
 * one. The entry therefore passes the exports that they share to each chunk. These have short names, which mean something
 * else in another release: each file has the ID of its build. A chunk of another build is requested again past the cache,
 * and refused if it is still of another build.
 */
import type { Plugin } from 'vite';

interface Node {
  type: string;
  start: number;
  end: number;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** `{ imported as local }` or `{ local as exported }`. */
interface Specifier {
  local: { name: string };
  imported?: { name: string };
  exported?: { name: string };
}

interface ImportDeclaration extends Node {
  source: { value: string };
  specifiers: Specifier[];
}

interface ExportDeclaration extends Node {
  specifiers: Specifier[];
}

interface ImportExpression extends Node {
  source: { value?: unknown };
}

/**
 * Variable of the generated code: the exports that an entry shares, by the bundler's names. Its member `chunks` holds the
 * exports of each lazy chunk that has loaded, by file name.
 */
const SHARED = '__shared';

/** The ID of the build: an export of each lazy chunk, and of an entry that another file imports; a member of `SHARED`. */
export const BUILD = 'build';

/** Returns code that throws unless `id`, which is code too, is the ID of this build. */
export const buildCheck = (id: string, build: string): string =>
  `if (${id} !== '${build}') throw new Error('mule-upload: a file belongs to another release. Reload the page.')`;

/** Variable of the generated code: how often the entry has requested chunks that are requested again after a failure. */
const REQUEST_COUNT = '__requests';

const fileNameOf = ({ value }: { value?: unknown }): string => String(value).replace(/^\.\//, '');

/** Returns every dynamic import in a syntax tree. @see https://github.com/estree/estree */
function dynamicImportsIn(node: unknown): ImportExpression[] {
  if (typeof node !== 'object' || node === null) return [];
  const nested = Object.values(node).flatMap(dynamicImportsIn);
  return 'type' in node && node.type === 'ImportExpression' ? [...nested, node as ImportExpression] : nested;
}

/** The exports of a source module, as the bundler lists them; a `*` stands for `export * from` an imported module. */
interface ModuleExports {
  exports: readonly string[] | null;
  importedIds: readonly string[];
}

/** Returns the names that a module exports, including those of `export * from`. */
function exportedNames(id: string, infoOf: (id: string) => ModuleExports | null): readonly string[] {
  const { exports, importedIds } = infoOf(id)!;
  const names = exports ?? [];
  return names.includes('*')
    ? [...names, ...importedIds.flatMap((imported) => exportedNames(imported, infoOf))]
    : names;
}

/** Replaces ranges of a text. Line breaks are kept, so that the source map stays correct. */
function applyEdits(code: string, edits: Edit[]): string {
  let edited = code;
  for (const { start, end, text } of [...edits].sort((a, b) => b.start - a.start)) {
    const lines = '\n'.repeat(code.slice(start, end).split('\n').length - 1);
    edited = edited.slice(0, start) + text + lines + edited.slice(end);
  }
  return edited;
}

/** Returns the code of an object, or of a destructuring pattern. */
const objectCode = (members: readonly (readonly [name: string, value: string])[]): string =>
  `{ ${members.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;

const exportedMembers = ({ specifiers }: ExportDeclaration): [name: string, local: string][] =>
  specifiers.map(({ local, exported }) => [exported!.name, local.name]);

/** Replaces `import(chunk)`: calls the chunk's default export once with the shared exports, and keeps the result. */
function requestEdit({ start, end, source }: ImportExpression, build: string, isRetried: boolean): Edit {
  const file = fileNameOf(source);
  const retryQuery = `(${REQUEST_COUNT}++ ? '?retry=' + ${REQUEST_COUNT} : '')`;
  const url = isRetried ? `'./${file}' + ${retryQuery}` : `'./${file}'`;
  const loaded = `${SHARED}.chunks['${file}']`;
  // a file of another build may come from a cache: another URL is requested from the server
  const requestAgain = `.then((module) => module.${BUILD} === '${build}' ? module : import('./${file}?build=${build}'))`;
  const passShared = `.then((module) => (${loaded} ??= module.default(${SHARED})))`;
  const returnLoaded = isRetried ? `${loaded} ? Promise.resolve(${loaded}) : ` : '';
  return { start, end, text: `(${returnLoaded}import(${url})${requestAgain}${passShared})` };
}

/** Replaces the entry's export statement: only the names that its source module exports stay exports. */
function entryExportEdit(
  declaration: ExportDeclaration,
  publicNames: readonly string[],
  { build, isImported }: ChunkOptions,
  countsRequests: boolean,
): Edit {
  const { start, end } = declaration;
  const members = exportedMembers(declaration);
  const isPublic = ([name]: [name: string, local: string]): boolean => publicNames.includes(name);
  const own: [name: string, value: string][] = [
    [BUILD, `'${build}'`],
    ['chunks', '{}'],
  ];
  const shared = objectCode([...members.filter((member) => !isPublic(member)), ...own]);
  const exports = members.filter(isPublic).map(([name, local]) => `${local} as ${name}`);
  const counter = countsRequests ? `let ${REQUEST_COUNT} = 0; ` : '';
  const buildExport = isImported ? `export const ${BUILD} = ${SHARED}.${BUILD}; ` : '';
  const text = `${counter}const ${SHARED} = ${shared}; ${buildExport}export { ${exports.join(', ')} };`;
  return { start, end, text };
}

/** Wraps a lazy chunk into a function that receives the shared exports and returns those of the chunk. */
function wrapperEdits(imports: readonly ImportDeclaration[], declaration: ExportDeclaration, build: string): Edit[] {
  const patterns = imports.map(({ specifiers }) =>
    objectCode(specifiers.map(({ imported, local }) => [imported!.name, local.name])),
  );
  const check = buildCheck(`${SHARED}.${BUILD}`, build);
  const receive = patterns.map((pattern) => `const ${pattern} = ${SHARED}; `).join('');
  const { start, end } = declaration;
  return [
    {
      start: 0,
      end: 0,
      text: `export const ${BUILD} = '${build}'; export default (${SHARED}) => { ${check}; ${receive}`,
    },
    { start, end, text: `return ${objectCode(exportedMembers(declaration))}; };` },
  ];
}

/** What the build step knows about the files. */
export interface ChunkOptions {
  /** ID of the build, equal in all files. */
  readonly build: string;
  /**
   * Files that are requested again after a failure. Each request gets another URL, because Firefox never requests a module
   * again that it could not load.
   */
  readonly retriedChunks?: readonly string[];
  /** Whether another file imports the entry, which then exports the ID of the build. */
  readonly isImported?: boolean;
}

/**
 * Turns a lazy chunk `import { a as b } from entry; …; export { X }` into `export default ({ a: b }) => { …; return { X } }`
 * that checks the build, and each `import(chunk)` into `import(chunk).then((module) => module.default(shared))`. All
 * requests of one entry get the same module, as with a usual `import()`. A page that loads the entry under two URLs has
 * two entries. Values are passed, not bindings, so a shared variable must not change.
 */
export function selfContainedChunks(options: ChunkOptions): Plugin {
  const { build, retriedChunks = [] } = options;
  return {
    name: 'self-contained-chunks',
    renderChunk(code, chunk, _options, { chunks }) {
      const { body } = this.parse(code) as unknown as { body: Node[] };
      const requests = dynamicImportsIn(body).filter(({ source }) => chunks[fileNameOf(source)]);
      const isRetried = ({ source }: ImportExpression): boolean => retriedChunks.includes(fileNameOf(source));
      const imports = body.filter(({ type }) => type === 'ImportDeclaration') as ImportDeclaration[];
      for (const { source } of imports)
        if (!chunks[fileNameOf(source)]?.isEntry)
          this.error(`${chunk.fileName} imports ${source.value}: only the entry can share modules`);
      const exported = body.find(({ type }) => type === 'ExportNamedDeclaration') as ExportDeclaration;

      const edits = [
        ...requests.map((request) => requestEdit(request, build, isRetried(request))),
        ...imports.map(({ start, end }) => ({ start, end, text: '' })),
      ];
      if (chunk.isEntry) {
        const publicNames = exportedNames(chunk.facadeModuleId!, (id) => this.getModuleInfo(id));
        edits.push(entryExportEdit(exported, publicNames, options, requests.some(isRetried)));
      } else edits.push(...wrapperEdits(imports, exported, build));
      return edits.length ? { code: applyEdits(code, edits), map: null } : undefined;
    },
  };
}
