/** Chromium and Firefox for @web/test-runner, set up so that several test pages at once all run at full speed. */
import { type ChromeLauncher, chromeLauncher } from '@web/test-runner-chrome';
import { requireTool } from '../../scripts/machine.js';

/** Chromium does not start its sandbox as root; the rest keeps a test browser from contacting other servers. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The runner calls any browser of its own choice "Chrome". */
function named(launcher: ChromeLauncher, name: string): ChromeLauncher {
  launcher.name = name;
  return launcher;
}

/** Returns the launcher for Chromium. @throws Error if it is not installed */
export function chromiumLauncher(): ChromeLauncher {
  return named(
    chromeLauncher({
      launchOptions: { executablePath: requireTool('chromium').path, args: CHROMIUM_FLAGS },
      // a page behind another gets no animation frames unless focus is emulated
      createPage: async ({ context }) => {
        const page = await context.newPage();
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
      // a tab behind another runs its timers once a second; a window does not
      createPage: ({ browser }) => browser.newPage({ type: 'window', windowBounds: { width: 1024, height: 768 } }),
    }),
    'Firefox',
  );
}
