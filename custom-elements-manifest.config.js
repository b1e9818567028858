import { readFileSync } from 'node:fs';
import ts from 'typescript';

const SOURCE = /^\/?src\/(.*)\.[jt]s$/;

/** Returns the path of the published file for the path of a source file. */
const publishedPath = (path) => path.replace(SOURCE, 'dist/$1.js');

/** Replaces all module paths in a manifest with those of the published files. */
function publishPaths(node) {
  for (const [key, value] of Object.entries(node)) {
    if ((key === 'path' || key === 'module') && typeof value === 'string') node[key] = publishedPath(value);
    else if (value !== null && typeof value === 'object') publishPaths(value);
  }
}

/** Adds the tag name of a class: the analyzer cannot read it from `static define(tag)`. */
function addTagName({ modules }, tagName, className) {
  const classModule = modules.find(({ declarations }) => declarations?.some(({ name }) => name === className));
  const declaration = classModule?.declarations.find(({ name }) => name === className);
  if (!declaration) throw new Error(`no module declares ${className}`);
  Object.assign(declaration, { customElement: true, tagName });
  const definition = { kind: 'custom-element-definition', name: tagName };
  modules
    .find(({ path }) => path === 'src/index.ts')
    .exports.push({ ...definition, declaration: { name: className, module: classModule.path } });
}

/** The interfaces that have the types of the events: those of the engine, and those of the element alone. */
const EVENT_MAPS = { 'src/engine/api/types.ts': 'UploaderEventMap', 'src/element/api/events.ts': 'MuleEventMap' };

/** Returns the types of the events in an interface, by name of the event. */
function readEventTypes(file, interfaceName) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const map = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === interfaceName);
  return map.members.map(({ name, type }) => [name.text, type.getText(source).replace(/\s+/g, ' ')]);
}

/** Sets the full type of each event of a class. */
function addEventTypes({ modules }, className) {
  const types = new Map(Object.entries(EVENT_MAPS).flatMap(([file, name]) => readEventTypes(file, name)));
  const { events } = modules.flatMap(({ declarations = [] }) => declarations).find(({ name }) => name === className);
  for (const event of events) event.type.text = types.get(event.name) ?? event.type.text;
}

/** Configures `cem analyze`, which reads the element's classes and their JSDoc. */
export default {
  globs: ['src/index.ts', 'src/element/**/*.ts'],
  outdir: 'dist',
  litelement: true,
  packagejson: false,
  plugins: [
    {
      name: 'published',
      packageLinkPhase({ customElementsManifest }) {
        addTagName(customElementsManifest, 'mule-upload', 'MuleUploadElement');
        addEventTypes(customElementsManifest, 'MuleUploadElement');
        publishPaths(customElementsManifest);
      },
    },
  ],
};
