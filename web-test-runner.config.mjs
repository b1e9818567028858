// Browser tests. `BROWSERS=chromium,firefox` narrows the engines by hand; a run of the whole always has all three.
import { register } from 'tsx/esm/api';

register();
const { chromiumLauncher, firefoxLauncher } = await import('./test/wtr/puppeteer-launchers.ts');
const { WebKitLauncher } = await import('./test/wtr/webkit-launcher.ts');
const { typescriptPlugin } = await import('./test/wtr/typescript-plugin.ts');
const { filesPlugin } = await import('./test/wtr/files-plugin.ts');
const { countsReporter } = await import('./test/wtr/counts-reporter.ts');
const { defaultReporter } = await import('@web/test-runner');

const launchers = {
  chromium: chromiumLauncher,
  firefox: firefoxLauncher,
  webkit: () => new WebKitLauncher(),
};
const engines = process.env.BROWSERS?.split(',') ?? Object.keys(launchers);

/** A run sees but one state of the files: no page need ask again for a module that another has had. */
const cacheModules = async (context, next) => {
  await next();
  const isModule = /^\/(?:src|test|node_modules)\//.test(context.path) && !context.search;
  if (isModule && context.status === 200) context.set('cache-control', 'max-age=3600');
};
const isWatching = process.argv.includes('--watch');

/** @type {import('@web/test-runner').TestRunnerConfig} */
export default {
  files: ['test/**/*.test.ts'],
  nodeResolve: { exportConditions: ['development', 'browser'] },
  plugins: [typescriptPlugin(), filesPlugin()],
  middleware: isWatching ? [] : [cacheModules],
  browsers: engines.map((engine) => launchers[engine]()),
  concurrentBrowsers: 3,
  concurrency: 2,
  browserStartTimeout: 120_000,
  testsStartTimeout: 120_000,
  testsFinishTimeout: 300_000,
  testFramework: { config: { timeout: 120_000 } },
  filterBrowserLogs: ({ args }) => !String(args[0]).startsWith('Lit is in dev mode'),
  reporters: [defaultReporter({ reportTestResults: true, reportTestProgress: false }), countsReporter()],
  // Chromium alone can measure it
  coverageConfig: { include: ['src/**/*.ts'], reportDir: 'coverage/browser', reporters: ['json', 'lcovonly'] },
};
