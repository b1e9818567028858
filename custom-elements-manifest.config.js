/** What `cem analyze` reads: the element's classes and their JSDoc. */
export default {
  globs: ['src/index.ts', 'src/element/**/*.ts'],
  outdir: 'dist',
  litelement: true,
  packagejson: false,
};
