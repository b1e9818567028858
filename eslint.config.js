import { defineConfig, globalIgnores } from 'eslint/config';
import { configs as lit } from 'eslint-plugin-lit';
import { configs as wc } from 'eslint-plugin-wc';
import tseslint from 'typescript-eslint';

/** Functions of Node's test runner whose promises need no await. */
const NODE_TEST_FUNCTIONS = ['describe', 'it', 'test', 'suite', 'before', 'after', 'beforeEach', 'afterEach'];

export default defineConfig(
  globalIgnores(['demo/frameworks/', 'dist/', 'coverage/', '.bucket/', '.cache/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // allows an empty interface that names an event map: interface A extends B {}
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // the engine's ports have methods, which are never passed without their object
      '@typescript-eslint/unbound-method': 'off',
      'no-control-regex': 'error',
      // methods of ports return promises even if an implementation awaits nothing
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: NODE_TEST_FUNCTIONS }] },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
    },
  },
  {
    files: ['test/**/*.test.ts'],
    rules: {
      // chai's assertions, such as `expect(x).to.be.true`, are expressions
      '@typescript-eslint/no-unused-expressions': 'off',
      // the types of chai's plugins declare every assertion as a promise
      '@typescript-eslint/no-floating-promises': 'off',
    },
  },
  {
    files: ['src/element/**/*.ts', 'src/index.ts'],
    extends: [lit['flat/recommended'], wc['flat/best-practice']],
    settings: { wc: { elementBaseClasses: ['LitElement'] } },
  },
);
