// Browser tests. `BROWSERS=chromium,firefox` selects engines; by default they run in all three.
import { register } from 'tsx/esm/api';

register();
const { chromiumLauncher, firefoxLauncher } = await import('./test/wtr/puppeteer-launchers.ts');
const { WebKitLauncher } = await import('./test/wtr/webkit-launcher.ts');
const { typescriptPlugin } = await import('./test/wtr/typescript-plugin.ts');
const { filesPlugin } = await import('./test/wtr/files-plugin.ts');
const { countTests } = await import('./test/wtr/counts-reporter.ts');
const { defaultReporter } = await import('@web/test-runner');

const launchers = {
  chromium: chromiumLauncher,
  firefox: firefoxLauncher,
  webkit: () => new WebKitLauncher(),
};
const engines = process.env.BROWSERS?.split(',') ?? Object.keys(launchers);

/** Lets the browser cache modules: except in watch mode, files do not change during a run. */
const cacheModules = async (context, next) => {
  await next();
  const isModule = /^\/(?:src|test|node_modules)\//.test(context.path) && !context.search;
  if (isModule && context.status === 200) context.set('cache-control', 'max-age=3600');
};
const testCounts = countTests();
const isWatchMode = process.argv.includes('--watch');

/** @type {import('@web/test-runner').TestRunnerConfig} */
export default {
  files: ['test/**/*.test.ts'],
  nodeResolve: { exportConditions: ['development', 'browser'] },
  plugins: [typescriptPlugin(), filesPlugin(), testCounts.plugin],
  testRunnerHtml: (framework) =>
    `<!DOCTYPE html><html><head></head><body><script type="module" src="/test/wtr/progress-page.ts"></script><script type="module" src="${framework}"></script></body></html>`,
  middleware: isWatchMode ? [] : [cacheModules],
  browsers: engines.map((engine) => launchers[engine]()),
  concurrentBrowsers: 3,
  concurrency: 2,
  browserStartTimeout: 120_000,
  testsStartTimeout: 120_000,
  // the limit for a file that makes progress; `countTests` ends a file that makes none
  testsFinishTimeout: 3_600_000,
  testFramework: { config: { timeout: 120_000 } },
  filterBrowserLogs: ({ args }) => !String(args[0]).startsWith('Lit is in dev mode'),
  reporters: [defaultReporter({ reportTestResults: true, reportTestProgress: false }), testCounts.reporter],
  // measured in Chromium only
  coverageConfig: { include: ['src/**/*.ts'], reportDir: 'coverage/browser', reporters: ['json', 'lcovonly'] },
};
