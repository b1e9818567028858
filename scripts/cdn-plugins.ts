/** Build steps for the CDN files only. They run in current browsers alone, and pages download every byte of them. */
import type { Plugin } from 'vite';
import { BUILD, buildCheck } from './lazy-chunks.js';

/** Returns a module's path with forward slashes, on Windows too. */
const slashed = (id: string): string => id.replaceAll('\\', '/');
const isWithin = (id: string | undefined, folder: string): boolean => slashed(id ?? '').includes(folder);

/** Code that replaces modules of localforage, by the end of their path. */
const MODULE_REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  // the originals are for callers that pass callbacks
  [/utils\/(?:executeCallback|executeTwoCallbacks|getCallback)$/, 'export default () => undefined;'],
  // the originals are for browsers without promises or the Blob constructor
  [/utils\/promise$/, 'export default Promise;'],
  [/utils\/createBlob$/, 'export default (parts, options) => new Blob(parts, options);'],
  // some browsers throw if the page may not store anything
  [/utils\/idb$/, 'let idb; try { idb = globalThis.indexedDB; } catch {} export default idb;'],
  // the original detects browsers with a faulty IndexedDB
  [/utils\/isIndexedDBValid$/, 'export default () => true;'],
  // the original converts keys that are not strings
  [/utils\/normalizeKey$/, 'export default (key) => key;'],
];
/** Module ID of `LOCALFORAGE`; with an index of `MODULE_REPLACEMENTS` appended, the ID of that replacement. */
const REPLACEMENT_ID = '\0localforage:';

/** localforage without its choice of a driver: an instance opens its database on first use, as the driver expects. */
const LOCALFORAGE = `
import driver from 'localforage/src/drivers/indexeddb.js';
class LocalForage {
  constructor(options) { this.options = options; }
  ready() { return (this.initialized ??= this._initStorage({ ...this.options, ...this._defaultConfig })); }
}
Object.assign(LocalForage.prototype, driver, { _defaultConfig: { version: 1 } });
export default { INDEXEDDB: driver._driver, createInstance: (options) => new LocalForage(options) };
`;

/** Replacements in the text of localforage's IndexedDB driver. The bundler then drops functions that nothing calls. */
const DRIVER_EDITS: readonly (readonly [string, string])[] = [
  // the journal and the file store call none of these
  ...['clear', 'length', 'key', 'keys', 'dropInstance'].map((name) => [`,\n    ${name}: ${name}`, ''] as const),
  // IndexedDB stores Blobs since Chrome 43
  [`toString.call(value) === '[object Blob]'`, 'false'],
  ['_isEncodedBlob(value)) {', 'false) {'],
  // the database of an instance has version 1 at first
  ['if (dbInfo.version !== defaultVersion) {', 'if (false) {'],
  // a warning for developers of localforage
  ["if (ex.name === 'ConstraintError') {", "if (ex.name !== 'ConstraintError') throw ex; if (false) {"],
  ['} else {\n                        throw ex;\n                    }', '}'],
];

/** Bundles localforage from its own modules, with its IndexedDB driver only. */
export function indexedDbOnly(): Plugin {
  return {
    name: 'indexed-db-only',
    enforce: 'pre',
    resolveId(source, importer) {
      if (source === 'localforage') return REPLACEMENT_ID;
      if (!isWithin(importer, '/localforage/src/')) return undefined;
      const index = MODULE_REPLACEMENTS.findIndex(([pattern]) => pattern.test(source));
      return index < 0 ? undefined : `${REPLACEMENT_ID}${index}`;
    },
    load(id) {
      if (id === REPLACEMENT_ID) return LOCALFORAGE;
      return id.startsWith(REPLACEMENT_ID)
        ? MODULE_REPLACEMENTS[Number(id.slice(REPLACEMENT_ID.length))]![1]
        : undefined;
    },
    transform(code, id) {
      if (!isWithin(id, '/localforage/src/drivers/indexeddb.js')) return undefined;
      return DRIVER_EDITS.reduce((edited, [text, replacement]) => {
        if (!edited.includes(text)) this.error(`localforage's IndexedDB driver has changed: no "${text}"`);
        return edited.replaceAll(text, replacement);
      }, code);
    },
  };
}

/** Uses plain dynamic imports. Vite's helper would first load the style sheets of a chunk, and there are none. */
export function plainImports(): Plugin {
  return {
    name: 'plain-imports',
    enforce: 'pre',
    load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : undefined),
  };
}

/**
 * Code of a function that returns the URL of a file in the folder of this one, and another URL for each retry: Firefox
 * never requests a module again that it could not load. jsDelivr serves this file also under the bare name of the package;
 * such a URL names no file, so the folder is added. On one line, so that the source map stays correct.
 */
const SIBLING_URL_FUNCTION = `let engineRefusals = 0; const requests = {}; const siblingUrl = (file) => { const { pathname } = new URL(import.meta.url); const retry = requests[file] ? '?retry=' + requests[file] : ''; requests[file] = (requests[file] ?? 0) + 1; return new URL((/\\.m?js$/.test(pathname) ? './' : pathname + '/dist/cdn/') + file + retry, import.meta.url).href; };`;

/**
 * Imports the engine, and every other lazy chunk, from files in the same folder. An engine of another build is refused
 * once, because it may come from a cache; then it is used, because this file may be the older one.
 */
export function siblingImports(engineFile: string, build: string): Plugin {
  const checkEngine = `.then((module) => { if (!engineRefusals++) ${buildCheck(`module.${BUILD}`, build)}; return module; })`;
  return {
    name: 'sibling-imports',
    enforce: 'pre',
    resolveId: (source) => (source === './create-manager.js' ? { id: `./${engineFile}`, external: true } : undefined),
    renderChunk: {
      order: 'post',
      handler(code, { isEntry }) {
        if (!isEntry) return undefined;
        const edited = code.replace(
          /import\((["'`])\.\/(mule-upload-[\w-]+\.js)(?:\?build=\w+)?\1\)/g,
          (_, __, name) => `import(siblingUrl('${name}'))${name === engineFile ? checkEngine : ''}`,
        );
        if (!edited.includes(engineFile)) this.error(`nothing imports ${engineFile}`);
        return { code: SIBLING_URL_FUNCTION + edited, map: null };
      },
    },
  };
}

/**
 * Gives the code for ETags its own copy of the modules that the code for checksums has as well: either may be loaded
 * without the other.
 */
export function ownDigestModules(): Plugin {
  return {
    name: 'own-digest-modules',
    enforce: 'pre',
    async resolveId(source, importer) {
      const isShared = source.endsWith('/block-hash-kernel.js') || source.endsWith('/md5-etag.js');
      if (!isShared || !isWithin(importer, '/part-digests.ts')) return undefined;
      const resolved = await this.resolve(source, importer);
      return resolved && `${resolved.id}?etags`;
    },
  };
}

/** HTML renders the white space of our templates as one space. */
const collapseHtml = (text: string): string => text.replace(/\s+/g, ' ');

const collapseCss = (text: string): string =>
  text
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}');

const COLLAPSE_BY_TAG: Record<string, (text: string) => string> = {
  html: collapseHtml,
  svg: collapseHtml,
  css: collapseCss,
};

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Removes white space and comments from templates; JavaScript minifiers do not change strings. */
export function collapseTemplates(): Plugin {
  return {
    name: 'collapse-templates',
    enforce: 'post',
    transform(code, id) {
      if (!/\/src\/element\/.+\.ts$/.test(slashed(id)) || !/\b(?:html|svg|css)`/.test(code)) return undefined;
      const edits = templateEdits(this.parse(code)).sort((a, b) => b.start - a.start);
      let collapsed = code;
      for (const { start, end, text } of edits) collapsed = collapsed.slice(0, start) + text + collapsed.slice(end);
      return { code: collapsed, map: null };
    },
  };
}

const countLineBreaks = (text: string): number => text.split('\n').length - 1;

/**
 * Returns the edits that collapse the templates in a syntax tree.
 * @param node a node, or a list of nodes
 * @see https://github.com/estree/estree
 */
function templateEdits(node: unknown): Edit[] {
  if (typeof node !== 'object' || node === null) return [];
  const edits = Object.values(node).flatMap(templateEdits);
  if (!('type' in node) || node.type !== 'TaggedTemplateExpression') return edits;
  const { tag, quasi, end } = node as unknown as TaggedTemplate;
  const collapse = COLLAPSE_BY_TAG[tag.name ?? ''];
  if (!collapse) return edits;
  let removedLines = 0;
  for (const { start, end, value } of quasi.quasis) {
    const text = collapse(value.raw);
    removedLines += countLineBreaks(value.raw) - countLineBreaks(text);
    edits.push({ start, end, text });
  }
  // the lines that follow keep their numbers, so that the source map stays correct
  return [...edits, { start: end, end, text: '\n'.repeat(removedLines) }];
}

interface TaggedTemplate {
  tag: { name?: string };
  quasi: { quasis: { start: number; end: number; value: { raw: string } }[] };
  end: number;
}

/**
 * Lit's style sheets for browsers with `adoptedStyleSheets`. Every browser with custom states and popovers, which the
 * element needs, has them.
 */
const CSS_TAG = `
export const supportsAdoptingStyleSheets = true;
export class CSSResult {
  constructor(cssText) { this.cssText = cssText; }
  get styleSheet() { if (!this.o) (this.o = new CSSStyleSheet()).replaceSync(this.cssText); return this.o; }
  toString() { return this.cssText; }
}
export const unsafeCSS = (text) => new CSSResult(String(text));
export const css = (strings, ...values) => new CSSResult(String.raw({ raw: strings }, ...values));
export const adoptStyles = (root, styles) => { root.adoptedStyleSheets = styles.map((style) => style.styleSheet ?? style); };
export const getCompatibleStyle = (style) => style;
`;

/** Leaves out Lit's code for older browsers and for standard decorators; our compiler writes legacy decorators. */
export function modernLit(): Plugin {
  return {
    name: 'modern-lit',
    enforce: 'post',
    load: (id) => (slashed(id).endsWith('/@lit/reactive-element/css-tag.js') ? CSS_TAG : undefined),
    transform(code, id) {
      if (!isWithin(id, '/src/element/') || !code.includes('decorate(')) return undefined;
      const edits = this.parse(code).body.flatMap((statement) => propertyEdit(statement, code));
      let edited = code;
      for (const { start, end, text } of edits.reverse()) edited = edited.slice(0, start) + text + edited.slice(end);
      return { code: edited, map: null };
    },
  };
}

/** Turns `decorate([property(options)], Class.prototype, 'name', …)` into `Class.createProperty('name', options)`. */
function propertyEdit(statement: unknown, code: string): Edit[] {
  const { start, end } = statement as Edit;
  const source = code.slice(start, end);
  const pattern = /^\w*decorate\(\[property\(([^]*)\)\], (\w+)\.prototype, ("\w+"), (?:void 0|null)\);?$/;
  const [, options, name, property] = pattern.exec(source) ?? [];
  if (!name) return [];
  const text = `${name}.createProperty(${property}${options ? `, ${options}` : ''});`;
  return [{ start, end, text: text + '\n'.repeat(countLineBreaks(source) - countLineBreaks(text)) }];
}
