import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

interface Import {
  /** Module that imports, and what it imports: a path below src without its ending, or a package's name. */
  from: string;
  to: string;
  isType: boolean;
}

interface Module {
  name: string;
  /** Every name that stands in the code, comments and texts left out. */
  identifiers: Set<string>;
  imports: Import[];
}

/** The literal that a statement or expression imports from. */
function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
}

/** Whether nothing of an import is left once the types are gone. */
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

const ROOMS = ['element', 'engine', 'signer'];
/** Modules that browser and signer share; they import nothing. */
const LEAVES = ['protocol', 'limits', 'accept', 'xml'];
/** The room a module is in; modules of no folder are rooms of their own. */
const roomOf = (name: string): string => name.split('/')[0]!;
const isOwn = ({ to }: Import): boolean => modules.some(({ name }) => name === to);
const describeImport = ({ from, to }: Import): string => `${from} imports ${to}`;

/** The folders, and modules of none, of each room: each imports only itself and what stands before it. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  engine: [
    ...['api', 'ports', 'util', 'hashing', 'files', 'model', 's3', 'network', 'integrity', 'signing', 'transfer'],
    ...['resume', 'uploads', 'manager', 'browser', 'create-manager', 'uploader', 'index'],
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
/** What the adapters behind the ports may import, and who may import them. */
const BROWSER_IMPORTS = ['api', 'ports', 'util', 'hashing', 'browser'];
const COMPOSITION_ROOT = 'create-manager';

/** The part of its room's order that a module belongs to. */
const unitOf = (name: string): string => name.split('/')[1]!;

function isUpward({ from, to }: Import): boolean {
  const room = roomOf(from);
  const order = ORDER[room];
  if (!order || roomOf(to) !== room) return false;
  const [one, other] = [unitOf(from), unitOf(to)];
  if (one === 'browser') return !BROWSER_IMPORTS.includes(other);
  if (other === 'browser') return one !== COMPOSITION_ROOT;
  return order.indexOf(other) > order.indexOf(one);
}

/** Returns the modules of one import cycle; empty where there is none. */
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
function forbid(what: (one: Import) => boolean): void {
  assert.deepEqual(imports.filter(what).map(describeImport), []);
}

/** Asserts that these names stand in the code of no module that is chosen. */
function forbidNames(names: readonly string[], where: (name: string) => boolean): void {
  const found = modules
    .filter(({ name }) => where(name))
    .flatMap(({ name, identifiers }) =>
      names.filter((one) => identifiers.has(one)).map((one) => `${name} uses ${one}`),
    );
  assert.deepEqual(found, []);
}

describe('the walls between the rooms', () => {
  it('has every room that is spoken of here', () => {
    const rooms = new Set(modules.map(({ name }) => roomOf(name)));
    for (const room of ['index', ...ROOMS, ...LEAVES]) assert.ok(rooms.has(room), `src has no ${room}`);
  });

  it('resolves every import within src to a module there', () => {
    forbid((one) => (one.to.startsWith('.') || [...ROOMS, ...LEAVES].includes(roomOf(one.to))) && !isOwn(one));
  });

  it('lets data flow one way: index, element, engine, protocol, and the signer beside them', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      index: ['element'],
      element: ['engine', 'protocol', 'limits', 'accept'],
      engine: LEAVES,
      signer: LEAVES,
    };
    forbid((one) => {
      const [from, to] = [roomOf(one.from), roomOf(one.to)];
      return isOwn(one) && from !== to && !allowed[from]?.includes(to);
    });
  });

  it('lets index see the element by its entry alone', () => {
    forbid((one) => one.from === 'index' && one.to !== 'element/index');
  });

  it('keeps types alone in protocol, and imports out of every leaf', () => {
    forbid(({ from }) => LEAVES.includes(from));
    forbid(({ to, isType }) => to === 'protocol' && !isType);
  });

  it('ships two packages, each in its own room, and Node in the Node adapter and the command alone', () => {
    forbid((one) => {
      if (isOwn(one)) return false;
      if (one.to === 'lit' || one.to.startsWith('lit/')) return roomOf(one.from) !== 'element';
      if (one.to === 'localforage') return one.from !== 'engine/browser/indexed-db-journal';
      // the packages of a database stay out of every signer that keeps none
      if (['kysely', 'pg', 'libsql'].includes(one.to)) return one.from !== 'signer/tracker/sql-database';
      if (one.to.startsWith('node:')) return one.from !== 'signer/node' && one.from !== 'signer/tools/cli';
      return true;
    });
  });

  it('lets a folder import only itself and those before it in the order of its room', () => {
    const breaches = new Set(imports.filter((one) => isOwn(one) && isUpward(one)).map(describeImport));
    assert.deepEqual(
      [...breaches].sort(),
      [...KNOWN_BREACHES].sort(),
      'the list of known breaches may only get shorter',
    );
  });

  it('has no import cycle, types included', () => {
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

  it('names in the order every folder that there is', () => {
    for (const [room, order] of Object.entries(ORDER)) {
      const units = new Set(modules.filter(({ name }) => roomOf(name) === room).map(({ name }) => unitOf(name)));
      assert.deepEqual([...units].sort(), [...order].sort());
    }
  });

  it('keeps requests out of the element', () => {
    forbidNames(['fetch', 'XMLHttpRequest', 'sendBeacon', 'WebSocket'], (name) => roomOf(name) === 'element');
    forbid(({ from, to }) => roomOf(from) === 'element' && /^engine\/(s3|browser|transfer|signing)\//.test(to));
  });

  it('keeps XMLHttpRequest in the transport', () => {
    forbidNames(['XMLHttpRequest'], (name) => name !== 'engine/browser/xhr-transport');
  });

  it('keeps the DOM tree out of the engine, the signer and the leaves', () => {
    const tree = [
      'HTMLElement',
      'Element',
      'customElements',
      'querySelector',
      'createElement',
      'ShadowRoot',
      'attachShadow',
    ];
    forbidNames(tree, (name) => !['element', 'index'].includes(roomOf(name)));
    // one module alone listens for the page being hidden, frozen or left
    const isBlind = (name: string): boolean => roomOf(name) === 'engine' && name !== 'engine/browser/page-environment';
    forbidNames(['document', 'window'], isBlind);
  });

  it('are described by an architecture page that names only files which exist', () => {
    const page = readFileSync(path.join(SRC, '../docs/architecture.md'), 'utf8');
    const roots = ['', 'src/', 'src/engine/'];
    const named = [...page.matchAll(/`([\w-]+(?:\/[\w-]+)*\/[\w-]+\.ts)`/g)].map(([, file]) => file!);
    assert.ok(named.length > 20, `only ${named.length} files are named`);
    const missing = named.filter((file) => !roots.some((root) => existsSync(path.join(SRC, '..', root, file))));
    assert.deepEqual(missing, []);
  });
});
