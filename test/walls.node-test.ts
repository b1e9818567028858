import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
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
const say = ({ from, to }: Import): string => `${from} imports ${to}`;

/** Asserts that no import is as described. */
function forbid(what: (one: Import) => boolean): void {
  assert.deepEqual(imports.filter(what).map(say), []);
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
      if (one.to === 'localforage') return one.from !== 'engine/journal';
      // the packages of a database stay out of every signer that keeps none
      if (['kysely', 'pg', 'libsql'].includes(one.to)) return one.from !== 'signer/sql-database';
      if (one.to.startsWith('node:')) return one.from !== 'signer/node' && one.from !== 'signer/cli';
      return true;
    });
  });

  it('gives upload.ts its ports by constructor', () => {
    const ports = ['engine/transport', 'engine/signer', 'engine/journal', 'engine/shelf'];
    forbid(({ from, to, isType }) => from === 'engine/upload' && ports.includes(to) && !isType);
    assert.ok(modules.some(({ name }) => name === 'engine/upload'));
  });

  it('lets nothing in the engine look back up: index, uploader, open-core, uploader-core, the rest', () => {
    const floors = ['engine/index', 'engine/uploader', 'engine/open-core', 'engine/uploader-core'];
    for (const [i, floor] of floors.entries())
      forbid(({ from, to, isType }) => roomOf(from) === 'engine' && to === floor && from !== floors[i - 1] && !isType);
  });

  it('keeps requests out of the element', () => {
    forbidNames(['fetch', 'XMLHttpRequest', 'sendBeacon', 'WebSocket'], (name) => roomOf(name) === 'element');
    forbid(({ from, to }) => roomOf(from) === 'element' && /^engine\/(s3|transport|signer|journal)$/.test(to));
  });

  it('keeps XMLHttpRequest in transport.ts', () => {
    forbidNames(['XMLHttpRequest'], (name) => name !== 'engine/transport');
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
    // environment.ts alone hears of the page's being hidden, frozen or left
    const isBlind = (name: string): boolean => roomOf(name) === 'engine' && name !== 'engine/environment';
    forbidNames(['document', 'window'], isBlind);
  });
});
