/** Launchers of Chromium and Firefox for @web/test-runner, in which several test pages run at full speed at the same time. */
import { type ChromeLauncher, chromeLauncher } from '@web/test-runner-chrome';
import { requireTool } from '../../scripts/machine.js';

/** Chromium does not start as root with its sandbox; the other flags keep it from contacting other servers. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Enough on a busy machine; the default of Puppeteer is 30 s. */
const NAVIGATION_TIMEOUT_MS = 120_000;

/** Sets a launcher's name: the test runner calls each of its browsers "Chrome". */
function named(launcher: ChromeLauncher, name: string): ChromeLauncher {
  launcher.name = name;
  return launcher;
}

/** Returns the launcher for Chromium. @throws Error if it is not installed */
export function chromiumLauncher(): ChromeLauncher {
  return named(
    chromeLauncher({
      launchOptions: { executablePath: requireTool('chromium').path, args: CHROMIUM_FLAGS },
      // a hidden page gets animation frames only if its focus is emulated
      createPage: async ({ context }) => {
        const page = await context.newPage();
        page.setDefaultNavigationTimeout(NAVIGATION_TIMEOUT_MS);
        const session = await page.createCDPSession();
        await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
        return page;
      },
    }),
    'Chromium',
  );
}

/** Returns the launcher for Firefox, over WebDriver BiDi. @throws Error if it is not installed */
export function firefoxLauncher(): ChromeLauncher {
  return named(
    chromeLauncher({
      launchOptions: { browser: 'firefox', executablePath: requireTool('firefox').path },
      // a hidden tab runs its timers only once a second, so each page gets its own window
      createPage: async ({ browser }) => {
        const page = await browser.newPage({ type: 'window', windowBounds: { width: 1024, height: 768 } });
        page.setDefaultNavigationTimeout(NAVIGATION_TIMEOUT_MS);
        return page;
      },
    }),
    'Firefox',
  );
}
