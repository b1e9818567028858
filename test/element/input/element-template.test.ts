import { expect, fixture, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { MuleUploadElement } from '../../../src/index.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf as largeFileOf, Harness as EngineHarness } from '../../engine/harness.js';
import {
  fileOf,
  shadowQuery,
  untilRendered,
  createHarness,
  unfinishedRecord,
  until,
  type Harness,
} from '../harness.js';

const politeText = ({ element }: Harness): string => shadowQuery(element, '[role=status]')!.textContent;

/** Number of key presses after which Firefox gets a click instead. */
const MAX_KEY_PRESSES = 4;
const KEY_TIMEOUT_MS = 1_500;
const isFirefox = navigator.userAgent.includes('Firefox');

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Presses Enter on a button until `isDone`. A key press is lost while another window of the browser has the focus. In
 * Firefox the driver then waits for the focus, so that after some attempts a click replaces the key press.
 */
async function pressEnter(element: Element, button: string, isDone: () => boolean): Promise<void> {
  for (let presses = 0; !isDone(); presses++) {
    shadowQuery(element, button)?.focus();
    if (presses < MAX_KEY_PRESSES || !isFirefox)
      await Promise.race([sendKeys({ press: 'Enter' }), wait(KEY_TIMEOUT_MS)]);
    else shadowQuery(element, button)?.click();
    for (let checks = 0; checks < 50 && !isDone(); checks++) await wait(20);
  }
  await untilRendered(element as MuleUploadElement);
}

describe('the shadow tree', () => {
  it('is accessible in each state', async () => {
    const created = await createHarness(
      html`<mule-upload multiple max-size="1GB" accept=".txt,.mov"></mule-upload>`,
      {},
      [unfinishedRecord('film.mov')],
    );
    const { element, store } = created;
    await expect(element, 'unfinished').to.be.accessible();
    element.value = ['old/key.txt'];
    store.behaviour = 'hold';
    await element.add([fileOf('running.txt'), fileOf('rejected.png')]);
    await until(() => element.status === 'uploading');
    await untilRendered(element);
    await expect(element, 'uploading, rejected').to.be.accessible();
    element.pause();
    await untilRendered(element);
    await expect(element, 'paused').to.be.accessible();
    store.behaviour = 'refuse';
    element.resume(element.uploads[1]!.id).catch(() => undefined);
    await until(() => element.uploads[1]!.status === 'failed');
    await untilRendered(element);
    await expect(element, 'failed').to.be.accessible();
    store.behaviour = 'store';
    element.retry();
    await until(() => element.uploads[1]!.status === 'complete');
    await untilRendered(element);
    await expect(element, 'complete').to.be.accessible();
    element.disabled = true;
    await element.updateComplete;
    await expect(element, 'disabled').to.be.accessible();
  });

  it('is accessible while the store is unreachable or busy', async () => {
    for (const answer of ['silent', 'busy'] as const) {
      const { element, store } = await createHarness();
      store.behaviour = answer;
      await element.add([fileOf('waiting.txt')]);
      await until(() => element.uploads[0]?.status === 'waiting');
      await untilRendered(element);
      await expect(element, answer).to.be.accessible();
      element.abort();
    }
  });

  it('has a progress bar with a name, a value and a text for each upload', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    const bar = (): Element | null => shadowQuery(element, '[role=progressbar]');
    await until(() => Number(bar()?.getAttribute('aria-valuenow')) > 0);
    expect(bar()!.getAttribute('aria-label')).to.equal('a.txt');
    expect(Number(bar()!.getAttribute('aria-valuenow'))).to.be.within(1, 99);
    expect(bar()!.getAttribute('aria-valuetext')).to.include('Uploading');
    element.abort();
  });

  it('announces start, wait and end politely, and failures assertively', async () => {
    const created = await createHarness();
    const { element, store } = created;
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    await until(() => politeText(created) === 'Uploading a.txt');
    store.behaviour = 'busy';
    await until(() => politeText(created).startsWith('The server is busy'));
    await until(() => /retries in \d+ sec/.test(shadowQuery(element, '[part=status]')!.textContent));
    store.behaviour = 'store';
    element.retry();
    await until(() => politeText(created) === 'a.txt was uploaded');
    store.behaviour = 'refuse';
    await element.add([fileOf('b.txt')]);
    const alert = (): string => shadowQuery(element, '[role=alert]')!.textContent;
    await until(() => alert().includes('b.txt'));
    expect(alert().split('b.txt'), 'the name is announced once').to.have.length(2);
    store.behaviour = 'hold';
    element.retry();
    await until(() => shadowQuery(element, '[role=alert]')!.textContent === '');
    element.abort();
    await until(() => politeText(created) === 'b.txt was canceled');
  });

  it('distinguishes an unreachable network, store and signer', async () => {
    const created = await createHarness();
    const { element, store } = created;
    const status = (): string => shadowQuery(element, '[part=status]')?.textContent ?? '';
    store.behaviour = 'silent';
    await element.add([fileOf('a.txt')]);
    await until(() => politeText(created).startsWith('Connection lost'));
    expect(status()).to.include('Connection lost');
    Object.defineProperty(navigator, 'onLine', { value: false, configurable: true });
    try {
      element.requestUpdate();
      await untilRendered(element);
      expect(status()).to.include('You are offline');
    } finally {
      Reflect.deleteProperty(navigator, 'onLine');
    }
    element.abort();
    const { element: other } = await createHarness(undefined, {
      sign: () => {
        throw new Error('down');
      },
    });
    await other.add([fileOf('a.txt')]);
    await until(() => shadowQuery(other, '[part=status]')?.textContent.startsWith('The server has a problem') === true);
    other.abort();
  });

  it('works by keyboard, and keeps the focus when a row is removed', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.uploads.every(({ status }) => status === 'uploading'));
    await untilRendered(element);
    await pressEnter(element, '[part=pause]', () => element.uploads[0]!.status === 'paused');
    const focused = (): string | null | undefined => element.shadowRoot!.activeElement?.getAttribute('aria-label');
    expect(focused()).to.equal('Resume a.txt');
    await pressEnter(element, '[part=abort]', () => element.uploads[0]!.status === 'aborted');
    expect(focused()).to.equal('Remove a.txt from the list');
    await pressEnter(element, '[part=dismiss]', () => element.uploads.length === 1);
    expect(focused()).to.equal('Cancel b.txt');
    element.abort();
  });

  it('has buttons of at least 24 pixels', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await untilRendered(element);
    for (const button of element.shadowRoot!.querySelectorAll('button')) {
      const { width, height } = button.getBoundingClientRect();
      expect(Math.min(width, height), button.outerHTML).to.be.at.least(24);
    }
    element.abort();
  });

  it('has the complete file name for assistive technology and as a tooltip', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    const name = `${'long '.repeat(40)}name.mov`;
    await element.add([fileOf(name)]);
    await untilRendered(element);
    const nameElement = shadowQuery(element, '[part=name]')!;
    expect(nameElement.title).to.equal(name);
    expect(nameElement.querySelector('.visually-hidden')!.textContent).to.equal(name);
    expect(element.scrollWidth).to.be.at.most(element.clientWidth);
    element.abort();
  });

  it('shows accepted types and limits before files are chosen', async () => {
    const { element } = await createHarness(
      html`<mule-upload lang="en" multiple accept="image/*,.pdf" max-size="5MB" max-files="3"></mule-upload>`,
    );
    expect([...shadowQuery(element, '.hint')!.children].map(({ textContent }) => textContent)).to.deep.equal([
      'Accepted: images, PDF',
      'At most 5 MB each',
      'At most 3 files',
    ]);
    await expect(element).to.be.accessible();
  });

  for (const [what, isPlain] of [
    ['segments for the parts of an upload', false],
    ['a plain bar with no-part-map, or if the page hides the segments', true],
  ] as const)
    it(`shows one progress bar: ${what}`, async () => {
      for (const [attribute, css] of isPlain
        ? [
            ['no-part-map', ''],
            ['class', 'mule-upload::part(map) { display: none }'],
            ['class', 'mule-upload { --mule-upload-map-size: 0 }'],
          ]
        : [['class', '']]) {
        const style = document.head.appendChild(document.createElement('style'));
        style.textContent = css!;
        const harness = new EngineHarness({ checksum: 'none', leaveWarning: false });
        const element = await fixture<MuleUploadElement>(html`<mule-upload></mule-upload>`);
        element.setAttribute(attribute!, '');
        element.uploader = harness.uploader;
        await harness.interrupt(largeFileOf(12 * MIN_PART_SIZE), 3);
        await until(() => shadowQuery(element, isPlain ? '[part=bar]' : '[part=map]') !== null);
        const [bar, map] = ['bar', 'map'].map((part) => element.shadowRoot!.querySelectorAll(`[part=${part}]`).length);
        expect([bar, map], attribute).to.deep.equal(isPlain ? [1, 0] : [0, 1]);
        const progress = shadowQuery(element, '[part=progress]')!;
        const inner = progress.firstElementChild!.getBoundingClientRect();
        if (!isPlain) expect(inner.width, 'flush at both ends').to.be.closeTo(progress.clientWidth, 1);
        await expect(element).to.be.accessible();
        element.abort();
        style.remove();
      }
    });

  it('shows a plain bar for an upload that another tab sends, whose parts are not known here', async () => {
    const harness = new EngineHarness({ checksum: 'none', leaveWarning: false });
    const element = await fixture<MuleUploadElement>(html`<mule-upload></mule-upload>`);
    await harness.interrupt(largeFileOf(12 * MIN_PART_SIZE), 3);
    const half = harness.uploader.uploads.map((upload) => ({ ...upload, loaded: upload.size / 2, ratio: 0.5 }));
    Object.defineProperties(harness.uploader, {
      uploads: { configurable: true, get: () => half },
      partStates: { configurable: true, value: () => null },
    });
    element.uploader = harness.uploader;
    await until(() => shadowQuery(element, '[part=bar]') !== null);
    expect(shadowQuery(element, '[part=map]')).to.equal(null);
    expect(shadowQuery(element, '[part=bar]')!.style.inlineSize).to.equal('50%');
    element.abort();
  });

  it('keeps percentages, and the total bar beside the totals, in a narrow column', async () => {
    const { element, store } = await createHarness();
    element.style.width = '300px';
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.uploads.every(({ loaded }) => loaded > 0));
    await until(() => shadowQuery(element, '[part=percent]') !== null);
    const boxOf = (selector: string): DOMRect => shadowQuery(element, selector)!.getBoundingClientRect();
    expect(boxOf('[part=percent]').width).to.be.greaterThan(0);
    await until(() => boxOf('[part=total]').height > 0);
    expect(boxOf('.totals').bottom).to.be.at.most(boxOf('[part=total]').top);
    expect(boxOf('[part=total]').bottom).to.be.at.most(boxOf('[part=summary] .bulk').top);
    expect(element.scrollWidth).to.be.at.most(element.clientWidth);
    element.abort();
  });

  it('shows the texts that the page has set, and numbers in the format of its language', async () => {
    const { element } = await createHarness(
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
