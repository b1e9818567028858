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

/** What `cem analyze` reads: the element's classes and their JSDoc. */
export default {
  globs: ['src/index.ts', 'src/element/**/*.ts'],
  outdir: 'dist',
  litelement: true,
  packagejson: false,
  plugins: [
    { name: 'published-paths', packageLinkPhase: ({ customElementsManifest }) => publish(customElementsManifest) },
  ],
};
