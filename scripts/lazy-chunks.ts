/**
 * Build step for a CDN file with lazy chunks. The chunks import nothing, because a page may load the file that requests
 * them under any URL, and must not get it twice: they receive what they share with it when they are requested.
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

/** The facts about a chunk that decide whether it shares anything. */
interface ChunkFacts {
  fileName: string;
  isEntry: boolean;
  imports: readonly string[];
  dynamicImports: readonly string[];
}

/** Name of the object with all that an entry shares, by the bundler's names, and its lazy modules, in `made`. */
const SHARED = '__shared';

/** Whether a chunk, or one that it requests, imports anything. */
function sharesAny({ imports, dynamicImports }: ChunkFacts, chunks: Readonly<Record<string, ChunkFacts>>): boolean {
  return imports.length > 0 || dynamicImports.some((file) => sharesAny(chunks[file]!, chunks));
}

/** Returns every dynamic import in a syntax tree. @see https://github.com/estree/estree */
function importsIn(node: unknown): ImportExpression[] {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.values(node).flatMap(importsIn);
  return 'type' in node && node.type === 'ImportExpression' ? [...inner, node as ImportExpression] : inner;
}

interface ModuleFacts {
  exports: readonly string[] | null;
  importedIds: readonly string[];
}

/** Returns the names that a module exports, and those of the modules that it exports as a whole. */
function exportsOf(id: string, factsOf: (id: string) => ModuleFacts | null): readonly string[] {
  const { exports, importedIds } = factsOf(id)!;
  const names = exports ?? [];
  return names.includes('*') ? [...names, ...importedIds.flatMap((imported) => exportsOf(imported, factsOf))] : names;
}

/** Replaces pieces of a text. Line breaks are kept, so that the source map stays correct. */
function applyEdits(code: string, edits: Edit[]): string {
  let edited = code;
  for (const { start, end, text } of [...edits].sort((a, b) => b.start - a.start)) {
    const lines = '\n'.repeat(code.slice(start, end).split('\n').length - 1);
    edited = edited.slice(0, start) + text + lines + edited.slice(end);
  }
  return edited;
}

const list = (pairs: readonly (readonly [string, string])[]): string =>
  `{ ${pairs.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;

/**
 * Turns a lazy chunk `import { a as b } from entry; …; export { X }` into `export default ({ a: b }) => { …; return { X } }`,
 * and each `import(chunk)` into `import(chunk).then((module) => module.default(shared))`. All requests by one
 * entry get the same module, as they do without this step; a page may have the entry twice, under two URLs. Values are passed, not bindings: a shared variable must not change.
 * @param retried chunks that are requested again after a failure: each request gets another URL, because Firefox never
 * requests a module again that it could not load
 */
export function selfContainedChunks(retried: readonly string[]): Plugin {
  return {
    name: 'self-contained-chunks',
    renderChunk(code, chunk, _options, { chunks }) {
      const { body } = this.parse(code) as unknown as { body: Node[] };
      const isShared = !chunk.isEntry && sharesAny(chunk, chunks);
      const edits: Edit[] = [];
      let isRequestCounted = false;

      for (const { start, end, source } of importsIn(body)) {
        const name = String(source.value).replace(/^\.\//, '');
        const requested = chunks[name];
        if (!requested) continue;
        const isRetried = retried.includes(name);
        isRequestCounted ||= isRetried;
        const url = isRetried ? `'./${name}' + (__requests++ ? '?again=' + __requests : '')` : `'./${name}'`;
        const made = `${SHARED}.made['${name}']`;
        const use = sharesAny(requested, chunks) ? `.then((module) => (${made} ??= module.default(${SHARED})))` : '';
        const known = isRetried ? `${made} ? Promise.resolve(${made}) : ` : '';
        edits.push({ start, end, text: `(${known}import(${url})${use})` });
      }

      const received: string[] = [];
      for (const node of body) {
        if (node.type !== 'ImportDeclaration') continue;
        const { start, end, source, specifiers } = node as ImportDeclaration;
        const from = chunks[source.value.replace(/^\.\//, '')];
        if (!from?.isEntry) this.error(`${chunk.fileName} imports ${source.value}: only the entry can share modules`);
        received.push(list(specifiers.map(({ imported, local }) => [imported!.name, local.name])));
        edits.push({ start, end, text: '' });
      }

      const { start, end, specifiers } = body.find(
        ({ type }) => type === 'ExportNamedDeclaration',
      ) as ExportDeclaration;
      const exported = specifiers.map(({ local, exported: name }) => [name!.name, local.name] as const);
      if (chunk.isEntry) {
        const ownNames = exportsOf(chunk.facadeModuleId!, (id) => this.getModuleInfo(id));
        const own = exported.filter(([name]) => ownNames.includes(name));
        const shared = exported.filter((pair) => !own.includes(pair));
        const names = own.map(([name, local]) => `${local} as ${name}`).join(', ');
        const counter = isRequestCounted ? 'let __requests = 0; ' : '';
        edits.push({
          start,
          end,
          text: `${counter}const ${SHARED} = ${list([...shared, ['made', '{}']])}; export { ${names} };`,
        });
        return { code: applyEdits(code, edits), map: null };
      }
      if (isShared) {
        const receive = received.map((pattern) => `const ${pattern} = ${SHARED}; `).join('');
        edits.push({ start: 0, end: 0, text: `export default (${SHARED}) => { ${receive}` });
        const result = `return ${list(exported)}; };`;
        edits.push({ start, end, text: result });
      }
      return edits.length ? { code: applyEdits(code, edits), map: null } : undefined;
    },
  };
}
