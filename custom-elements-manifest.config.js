import { readFileSync } from 'node:fs';
import ts from 'typescript';

const SOURCE = /^\/?src\/(.*)\.[jt]s$/;

/** Renames a module from the file that is analysed to the file that is published. */
const publishedPath = (path) => path.replace(SOURCE, 'dist/$1.js');

/** Rewrites every module path of a manifest in place, however deep. */
function publish(node) {
  for (const [key, value] of Object.entries(node)) {
    if ((key === 'path' || key === 'module') && typeof value === 'string') node[key] = publishedPath(value);
    else if (value !== null && typeof value === 'object') publish(value);
  }
}

/** Says which class stands behind which tag: `static define(tag)` hides that from an analyzer of sources. */
function register({ modules }, tagName, className) {
  const home = modules.find(({ declarations }) => declarations?.some(({ name }) => name === className));
  const declaration = home?.declarations.find(({ name }) => name === className);
  if (!declaration) throw new Error(`no module declares ${className}`);
  Object.assign(declaration, { customElement: true, tagName });
  const definition = { kind: 'custom-element-definition', name: tagName };
  modules
    .find(({ path }) => path === 'src/index.ts')
    .exports.push({ ...definition, declaration: { name: className, module: home.path } });
}

/** Gives the types of the events, which are written once, in the engine. */
function eventTypes() {
  const source = ts.createSourceFile(
    'types.ts',
    readFileSync('src/engine/api/types.ts', 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const map = source.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === 'UploaderEventMap',
  );
  return new Map(map.members.map(({ name, type }) => [name.text, type.getText(source).replace(/\s+/g, ' ')]));
}

/** Gives each event of a declaration its whole type. */
function typeEvents({ modules }, className) {
  const types = eventTypes();
  const { events } = modules.flatMap(({ declarations = [] }) => declarations).find(({ name }) => name === className);
  for (const event of events) event.type.text = types.get(event.name) ?? event.type.text;
}

/** What `cem analyze` reads: the element's classes and their JSDoc. */
export default {
  globs: ['src/index.ts', 'src/element/**/*.ts'],
  outdir: 'dist',
  litelement: true,
  packagejson: false,
  plugins: [
    {
      name: 'published',
      packageLinkPhase({ customElementsManifest }) {
        register(customElementsManifest, 'mule-upload', 'MuleUploadElement');
        typeEvents(customElementsManifest, 'MuleUploadElement');
        publish(customElementsManifest);
      },
    },
  ],
};
