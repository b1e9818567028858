/** Build steps for the CDN file only: it is one file for current browsers, and every byte of it is downloaded. */
import type { Plugin } from 'vite';

/** Returns a module's path with forward slashes, on Windows too. */
const slashed = (id: string): string => id.replaceAll('\\', '/');
const isWithin = (id: string | undefined, folder: string): boolean => slashed(id ?? '').includes(folder);

/** Replacements for modules of localforage, by the end of their path. */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  // for callers that pass callbacks
  [/utils\/(?:executeCallback|executeTwoCallbacks|getCallback)$/, 'export default () => undefined;'],
  // for browsers without promises, the Blob constructor, current IndexedDB and array methods
  [/utils\/promise$/, 'export default Promise;'],
  [/utils\/createBlob$/, 'export default (parts, options) => new Blob(parts, options);'],
  // some browsers throw where the page may not store anything
  [/utils\/idb$/, 'let idb; try { idb = globalThis.indexedDB; } catch {} export default idb;'],
  [/utils\/isIndexedDBValid$/, 'export default () => true;'],
  // for keys that are no strings
  [/utils\/normalizeKey$/, 'export default (key) => key;'],
];
const STAND_IN = '\0localforage:';

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

/** Replacements in the text of localforage's IndexedDB driver; the bundler then drops what nothing calls. */
const EDITS: readonly (readonly [string, string])[] = [
  // the journal and the file store use none of these
  ...['clear', 'length', 'key', 'keys', 'dropInstance'].map((name) => [`,\n    ${name}: ${name}`, ''] as const),
  // IndexedDB stores Blobs since Chrome 43
  [`toString.call(value) === '[object Blob]'`, 'false'],
  ['_isEncodedBlob(value)) {', 'false) {'],
  // an instance begins with version 1
  ['if (dbInfo.version !== defaultVersion) {', 'if (false) {'],
];

/** Bundles localforage from its own modules, with its IndexedDB driver only. */
export function indexedDbOnly(): Plugin {
  return {
    name: 'indexed-db-only',
    enforce: 'pre',
    resolveId(source, importer) {
      if (source === 'localforage') return STAND_IN;
      if (!isWithin(importer, '/localforage/src/')) return undefined;
      const index = STAND_INS.findIndex(([pattern]) => pattern.test(source));
      return index < 0 ? undefined : `${STAND_IN}${index}`;
    },
    load(id) {
      if (id === STAND_IN) return LOCALFORAGE;
      return id.startsWith(STAND_IN) ? STAND_INS[Number(id.slice(STAND_IN.length))]![1] : undefined;
    },
    transform(code, id) {
      if (!isWithin(id, '/localforage/src/drivers/indexeddb.js')) return undefined;
      return EDITS.reduce((edited, [text, replacement]) => {
        if (!edited.includes(text)) this.error(`localforage's IndexedDB driver has changed: no "${text}"`);
        return edited.replaceAll(text, replacement);
      }, code);
    },
  };
}

/** Uses plain dynamic imports: Vite's helper would first fetch styles and preloads, and there are none. */
export function plainImports(): Plugin {
  return {
    name: 'plain-imports',
    enforce: 'pre',
    load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : undefined),
  };
}

/**
 * Returns the URL of a file beside ours, and a new one for each retry: Firefox never requests a module again that it
 * could not load. If ours was loaded by its package's bare name, as jsDelivr offers it, that URL ends in no file, and the
 * folder is added. On one line, so that the source map stays correct.
 */
const BESIDE = `const requests = {}; const besideOurs = (file) => { const { pathname } = new URL(import.meta.url); const again = requests[file] ? '?again=' + requests[file] : ''; requests[file] = (requests[file] ?? 0) + 1; return new URL((/\\.m?js$/.test(pathname) ? './' : pathname + '/dist/cdn/') + file + again, import.meta.url).href; };`;

/** Imports the engine, and every other lazy chunk, from files beside ours. */
export function engineBeside(file: string): Plugin {
  return {
    name: 'engine-beside',
    enforce: 'pre',
    resolveId: (source) => (source === './create-manager.js' ? { id: `./${file}`, external: true } : undefined),
    renderChunk: {
      order: 'post',
      handler(code, { isEntry }) {
        if (!isEntry) return undefined;
        const edited = code.replace(
          /import\((["'`])\.\/(mule-upload-[\w-]+\.js)\1\)/g,
          (_, __, name) => `import(besideOurs('${name}'))`,
        );
        if (!edited.includes(file)) this.error(`nothing imports ${file}`);
        return { code: BESIDE + edited, map: null };
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

/** HTML treats white space as one space, wherever our templates have it. */
const collapseHtml = (text: string): string => text.replace(/\s+/g, ' ');

const collapseCss = (text: string): string =>
  text
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}');

const COLLAPSE: Record<string, (text: string) => string> = { html: collapseHtml, svg: collapseHtml, css: collapseCss };

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
      const edits = editsOf(this.parse(code)).sort((a, b) => b.start - a.start);
      let collapsed = code;
      for (const { start, end, text } of edits) collapsed = collapsed.slice(0, start) + text + collapsed.slice(end);
      return { code: collapsed, map: null };
    },
  };
}

const linesOf = (text: string): number => text.split('\n').length - 1;

/** @param node of a syntax tree, or a list of them @see https://github.com/estree/estree */
function editsOf(node: unknown): Edit[] {
  if (typeof node !== 'object' || node === null) return [];
  const edits = Object.values(node).flatMap(editsOf);
  if (!('type' in node) || node.type !== 'TaggedTemplateExpression') return edits;
  const { tag, quasi, end } = node as unknown as TaggedTemplate;
  const collapse = COLLAPSE[tag.name ?? ''];
  if (!collapse) return edits;
  let lost = 0;
  for (const { start, end, value } of quasi.quasis) {
    const text = collapse(value.raw);
    lost += linesOf(value.raw) - linesOf(text);
    edits.push({ start, end, text });
  }
  // the following lines stay where the source map has them
  return [...edits, { start: end, end, text: '\n'.repeat(lost) }];
}

interface TaggedTemplate {
  tag: { name?: string };
  quasi: { quasis: { start: number; end: number; value: { raw: string } }[] };
  end: number;
}

/** Lit's style sheets, for browsers with `adoptedStyleSheets`: all that have custom states and popovers, which we need. */
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

/** Leaves out what Lit has for older browsers and for standard decorators; our compiler writes legacy ones. */
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
  return [{ start, end, text: text + '\n'.repeat(linesOf(source) - linesOf(text)) }];
}
