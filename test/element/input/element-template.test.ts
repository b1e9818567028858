import { expect, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, shadowQuery, rendered, harness, unfinished, until, type Harness } from '../harness.js';

const announced = ({ element }: Harness): string => shadowQuery(element, '[role=status]')!.textContent;

/** Maximum number of key presses until one must have arrived, and milliseconds for each. */
const MAX_KEYS = 4;
const KEY_TIMEOUT_MS = 1_500;
const isFirefox = navigator.userAgent.includes('Firefox');

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Presses Enter on a button; again if another window of the browser had the focus and the key was lost. In Firefox
 * another window may keep the focus, and its driver then waits: a click replaces the key.
 */
async function press(element: Element, button: string, done: () => boolean): Promise<void> {
  for (let keys = 0; !done(); keys++) {
    shadowQuery(element, button)?.focus();
    if (keys < MAX_KEYS || !isFirefox) await Promise.race([sendKeys({ press: 'Enter' }), wait(KEY_TIMEOUT_MS)]);
    else shadowQuery(element, button)?.click();
    for (let turns = 0; turns < 50 && !done(); turns++) await wait(20);
  }
  await rendered(element as MuleUploadElement);
}

describe('the shadow tree', () => {
  it('is accessible in each state', async () => {
    const made = await harness(html`<mule-upload multiple max-size="1GB" accept=".txt,.mov"></mule-upload>`, {}, [
      unfinished('film.mov'),
    ]);
    const { element, store } = made;
    await expect(element, 'unfinished').to.be.accessible();
    element.value = ['old/key.txt'];
    store.answer = 'hold';
    await element.add([fileOf('running.txt'), fileOf('rejected.png')]);
    await until(() => element.status === 'uploading');
    await rendered(element);
    await expect(element, 'uploading, rejected').to.be.accessible();
    element.pause();
    await rendered(element);
    await expect(element, 'paused').to.be.accessible();
    store.answer = 'refuse';
    element.resume(element.uploads[1]!.id).catch(() => undefined);
    await until(() => element.uploads[1]!.status === 'failed');
    await rendered(element);
    await expect(element, 'failed').to.be.accessible();
    store.answer = 'store';
    element.retry();
    await until(() => element.uploads[1]!.status === 'complete');
    await rendered(element);
    await expect(element, 'complete').to.be.accessible();
    element.disabled = true;
    await element.updateComplete;
    await expect(element, 'disabled').to.be.accessible();
  });

  it('is accessible while the store is unreachable or busy', async () => {
    for (const answer of ['silent', 'busy'] as const) {
      const { element, store } = await harness();
      store.answer = answer;
      await element.add([fileOf('waiting.txt')]);
      await until(() => element.uploads[0]?.status === 'waiting');
      await rendered(element);
      await expect(element, answer).to.be.accessible();
      element.abort();
    }
  });

  it('has a progress bar with a name, a value and a text for each upload', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt')]);
    const bar = (): Element | null => shadowQuery(element, '[role=progressbar]');
    await until(() => Number(bar()?.getAttribute('aria-valuenow')) > 0);
    expect(bar()!.getAttribute('aria-label')).to.equal('a.txt');
    expect(Number(bar()!.getAttribute('aria-valuenow'))).to.be.within(1, 99);
    expect(bar()!.getAttribute('aria-valuetext')).to.include('Uploading');
    element.abort();
  });

  it('announces start, waiting and end politely, and failures immediately', async () => {
    const made = await harness();
    const { element, store } = made;
    store.answer = 'hold';
    await element.add([fileOf('a.txt')]);
    await until(() => announced(made) === 'Uploading a.txt');
    store.answer = 'busy';
    await until(() => announced(made).startsWith('The storage is busy'));
    await until(() => /retries in \d+ sec/.test(shadowQuery(element, '[part=status]')!.textContent));
    store.answer = 'store';
    element.retry();
    await until(() => announced(made) === 'a.txt is stored');
    store.answer = 'refuse';
    await element.add([fileOf('b.txt')]);
    const alert = (): string => shadowQuery(element, '[role=alert]')!.textContent;
    await until(() => alert().includes('b.txt'));
    expect(alert().split('b.txt'), 'the name is announced once').to.have.length(2);
    store.answer = 'hold';
    element.retry();
    await until(() => shadowQuery(element, '[role=alert]')!.textContent === '');
    element.abort();
    await until(() => announced(made) === 'b.txt was aborted');
  });

  it('distinguishes an unreachable network, store and signer', async () => {
    const made = await harness();
    const { element, store } = made;
    const status = (): string => shadowQuery(element, '[part=status]')?.textContent ?? '';
    store.answer = 'silent';
    await element.add([fileOf('a.txt')]);
    await until(() => announced(made).startsWith('No connection to the storage'));
    expect(status()).to.include('No connection to the storage');
    Object.defineProperty(navigator, 'onLine', { value: false, configurable: true });
    try {
      element.requestUpdate();
      await rendered(element);
      expect(status()).to.include('Offline');
    } finally {
      Reflect.deleteProperty(navigator, 'onLine');
    }
    element.abort();
    const { element: other } = await harness(undefined, {
      sign: () => {
        throw new Error('down');
      },
    });
    await other.add([fileOf('a.txt')]);
    await until(
      () =>
        shadowQuery(other, '[part=status]')?.textContent.startsWith('The server does not respond correctly') === true,
    );
    other.abort();
  });

  it('works by keyboard, and keeps the focus when a row is removed', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.uploads.every(({ status }) => status === 'uploading'));
    await rendered(element);
    await press(element, '[part=pause]', () => element.uploads[0]!.status === 'paused');
    const focused = (): string | null | undefined => element.shadowRoot!.activeElement?.getAttribute('aria-label');
    expect(focused()).to.equal('Resume a.txt');
    await press(element, '[part=abort]', () => element.uploads[0]!.status === 'aborted');
    expect(focused()).to.equal('Remove a.txt from the list');
    await press(element, '[part=dismiss]', () => element.uploads.length === 1);
    expect(focused()).to.equal('Abort b.txt');
    element.abort();
  });

  it('has targets of at least 24 pixels', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await rendered(element);
    for (const button of element.shadowRoot!.querySelectorAll('button')) {
      const { width, height } = button.getBoundingClientRect();
      expect(Math.min(width, height), button.outerHTML).to.be.at.least(24);
    }
    element.abort();
  });

  it('has the complete name for assistive technology and as a tooltip', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    const name = `${'long '.repeat(40)}name.mov`;
    await element.add([fileOf(name)]);
    await rendered(element);
    const shown = shadowQuery(element, '[part=name]')!;
    expect(shown.title).to.equal(name);
    expect(shown.querySelector('.visually-hidden')!.textContent).to.equal(name);
    expect(element.scrollWidth).to.be.at.most(element.clientWidth);
    element.abort();
  });

  it('shows the page’s own texts, and numbers of its language', async () => {
    const { element } = await harness(
      html`<mule-upload
        lang="de"
        max-size="1.5MB"
        .strings=${{ browse: 'Datei wählen', sizeMost: 'Höchstens {max}' }}
      ></mule-upload>`,
    );
    expect(shadowQuery(element, '[part=button]')!.textContent).to.equal('Datei wählen');
    expect(shadowQuery(element, '.hint')!.textContent).to.equal('Höchstens 1,5 MB');
  });
});
