import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

interface Import {
  /** The importing module, and the imported one: a path below `src` without its extension, or a package's name. */
  from: string;
  to: string;
  isType: boolean;
}

interface Module {
  name: string;
  /** Every identifier of the code, without comments and strings. */
  identifiers: Set<string>;
  imports: Import[];
}

/** Returns the literal that a statement or expression imports from. */
function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
}

/** Whether an import is only of types. */
function isOnlyTypes(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node)) return false;
  const clause = node.importClause;
  if (clause?.isTypeOnly) return true;
  const bindings = clause?.namedBindings;
  return Boolean(
    bindings && !clause.name && ts.isNamedImports(bindings) && bindings.elements.every((one) => one.isTypeOnly),
  );
}

function read(file: string): Module {
  const name = file.replace(/\.ts$/, '').split(path.sep).join('/');
  const source = ts.createSourceFile(file, readFileSync(path.join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const module: Module = { name, identifiers: new Set(), imports: [] };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) module.identifiers.add(node.text);
    const specifier = specifierOf(node);
    if (specifier && ts.isStringLiteral(specifier)) {
      const isOwn = specifier.text.startsWith('.');
      const to = isOwn
        ? path.posix.join(path.posix.dirname(name), specifier.text).replace(/\.js$/, '')
        : specifier.text;
      module.imports.push({ from: name, to, isType: isOnlyTypes(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return module;
}

const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map(read);
const imports = modules.flatMap((module) => module.imports);

const AREAS = ['element', 'engine', 'signer'];
/** Modules that browser and signer share; they import nothing. */
const SHARED = ['protocol', 'limits', 'accept', 'xml'];
/** Returns the area of a module: its top folder, or its own name if it is in no folder. */
const areaOf = (name: string): string => name.split('/')[0]!;
const isOwn = ({ to }: Import): boolean => modules.some(({ name }) => name === to);
const describeImport = ({ from, to }: Import): string => `${from} imports ${to}`;

/** The folders and top modules of each area, in order: each imports only itself and those before it. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  engine: [
    ...['api', 'ports', 'util', 'hashing', 'files', 'model', 's3', 'network', 'integrity', 'signing', 'transfer'],
    ...[
      'resume',
      'uploads',
      'deferred-code',
      'shared-services',
      'manager',
      'browser',
      'create-manager',
      'uploader',
      'index',
    ],
  ],
  element: ['api', 'i18n', 'styles', 'form', 'input', 'list', 'controllers', 'mule-upload', 'index'],
  signer: [
    'util',
    's3',
    'grants',
    'policy',
    'tracker',
    'http',
    'options',
    'actions',
    'sweep',
    'index',
    'node',
    'tools',
  ],
};
/** The folders that adapters may import. */
const BROWSER_IMPORTS = ['api', 'ports', 'util', 'hashing', 'browser'];
/** The only modules that may import adapters: the one that connects them, and its list of what it loads later. */
const COMPOSITION_ROOTS = ['create-manager', 'deferred-code'];

/** Returns the folder or top module of its area that a module belongs to. */
const unitOf = (name: string): string => name.split('/')[1]!;

function isUpward({ from, to }: Import): boolean {
  const area = areaOf(from);
  const order = ORDER[area];
  if (!order || areaOf(to) !== area) return false;
  const [one, other] = [unitOf(from), unitOf(to)];
  if (one === 'browser') return !BROWSER_IMPORTS.includes(other);
  if (other === 'browser') return !COMPOSITION_ROOTS.includes(one);
  return order.indexOf(other) > order.indexOf(one);
}

/** Returns the modules of one import cycle; empty if there is none. */
function findCycle(edges: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return [];
    path.push(name);
    for (const next of targets.get(name) ?? []) {
      const cycle = visit(next);
      if (cycle.length) return cycle;
    }
    path.pop();
    done.add(name);
    return [];
  };
  for (const name of targets.keys()) {
    const cycle = visit(name);
    if (cycle.length) return cycle;
  }
  return [];
}

/** Imports that close a cycle within one folder. */
const KNOWN_CYCLES: readonly string[] = [];
/** Imports that break the order. */
const KNOWN_BREACHES: readonly string[] = [];

/** Asserts that no import is as described. */
function expectNoImport(isForbidden: (one: Import) => boolean): void {
  assert.deepEqual(imports.filter(isForbidden).map(describeImport), []);
}

/** Asserts that no selected module uses these names. */
function expectNoNames(names: readonly string[], isSelected: (name: string) => boolean): void {
  const found = modules
    .filter(({ name }) => isSelected(name))
    .flatMap(({ name, identifiers }) =>
      names.filter((one) => identifiers.has(one)).map((one) => `${name} uses ${one}`),
    );
  assert.deepEqual(found, []);
}

describe('imports within src', () => {
  it('knows only areas that exist', () => {
    const areas = new Set(modules.map(({ name }) => areaOf(name)));
    for (const area of ['index', ...AREAS, ...SHARED]) assert.ok(areas.has(area), `src has no ${area}`);
  });

  it('lead to a module of src, or to a package', () => {
    expectNoImport((one) => (one.to.startsWith('.') || [...AREAS, ...SHARED].includes(areaOf(one.to))) && !isOwn(one));
  });

  it('lead one way: from index to element, engine and shared modules; from signer to shared modules', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      index: ['element'],
      element: ['engine', 'protocol', 'limits', 'accept'],
      engine: SHARED,
      signer: SHARED,
    };
    expectNoImport((one) => {
      const [from, to] = [areaOf(one.from), areaOf(one.to)];
      return isOwn(one) && from !== to && !allowed[from]?.includes(to);
    });
  });

  it('of index are only the entry of the element', () => {
    expectNoImport((one) => one.from === 'index' && one.to !== 'element/index');
  });

  it('of protocol are types only, and shared modules import nothing', () => {
    expectNoImport(({ from }) => SHARED.includes(from));
    expectNoImport(({ to, isType }) => to === 'protocol' && !isType);
  });

  it('of packages are lit in the element, localforage in the journal, and Node modules in the Node adapter and the command', () => {
    expectNoImport((one) => {
      if (isOwn(one)) return false;
      if (one.to === 'lit' || one.to.startsWith('lit/')) return areaOf(one.from) !== 'element';
      if (one.to === 'localforage') return one.from !== 'engine/browser/indexed-db-journal';
      // a signer without a database needs no database package
      if (['kysely', 'pg', 'libsql'].includes(one.to)) return one.from !== 'signer/tracker/sql-database';
      if (one.to.startsWith('node:')) return one.from !== 'signer/node' && one.from !== 'signer/tools/cli';
      return true;
    });
  });

  it('of a folder are its own modules and those of folders before it', () => {
    const breaches = new Set(imports.filter((one) => isOwn(one) && isUpward(one)).map(describeImport));
    assert.deepEqual(
      [...breaches].sort(),
      [...KNOWN_BREACHES].sort(),
      'the list of known breaches may only get shorter',
    );
  });

  it('form no cycle, types included', () => {
    const known = new Set([...KNOWN_BREACHES, ...KNOWN_CYCLES]);
    const all = new Set(imports.map(describeImport));
    assert.deepEqual(
      KNOWN_CYCLES.filter((one) => !all.has(one)),
      [],
      'the list of known cycles may only get shorter',
    );
    const edges = imports.filter((one) => isOwn(one) && !known.has(describeImport(one)));
    assert.deepEqual(findCycle(edges), [], 'modules that import each other in a circle');
  });

  it('are ordered for every folder of an area', () => {
    for (const [area, order] of Object.entries(ORDER)) {
      const units = new Set(modules.filter(({ name }) => areaOf(name) === area).map(({ name }) => unitOf(name)));
      assert.deepEqual([...units].sort(), [...order].sort());
    }
  });

  it('and names keep requests out of the element', () => {
    expectNoNames(['fetch', 'XMLHttpRequest', 'sendBeacon', 'WebSocket'], (name) => areaOf(name) === 'element');
    expectNoImport(({ from, to }) => areaOf(from) === 'element' && /^engine\/(s3|browser|transfer|signing)\//.test(to));
  });

  it('and names keep XMLHttpRequest in the transport', () => {
    expectNoNames(['XMLHttpRequest'], (name) => name !== 'engine/browser/xhr-transport');
  });

  it('and names keep the DOM tree out of engine, signer and shared modules', () => {
    const tree = [
      'HTMLElement',
      'Element',
      'customElements',
      'querySelector',
      'createElement',
      'ShadowRoot',
      'attachShadow',
    ];
    expectNoNames(tree, (name) => !['element', 'index'].includes(areaOf(name)));
    // only one module listens for the page being hidden, frozen or left
    const isWithoutPage = (name: string): boolean =>
      areaOf(name) === 'engine' && name !== 'engine/browser/page-environment';
    expectNoNames(['document', 'window'], isWithoutPage);
  });

  it('are described by an architecture page that names only existing files', () => {
    const page = readFileSync(path.join(SRC, '../docs/architecture.md'), 'utf8');
    const roots = ['', 'src/', 'src/engine/'];
    const named = [...page.matchAll(/`([\w-]+(?:\/[\w-]+)*\/[\w-]+\.ts)`/g)].map(([, file]) => file!);
    assert.ok(named.length > 20, `only ${named.length} files are named`);
    const missing = named.filter((file) => !roots.some((root) => existsSync(path.join(SRC, '..', root, file))));
    assert.deepEqual(missing, []);
  });
});
