import { expect, fixture, html } from '@open-wc/testing';
import '../../../src/index.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { refuse } from '../../engine/fake-store.js';
import { fileOf, Harness } from '../../engine/harness.js';
import { shadowQuery, rendered } from '../harness.js';

const SIZE = 3 * MIN_PART_SIZE;

/** Creates an element with a paused upload of which one part is stored, and with other uploads that have not started. */
async function partlyStored(...others: string[]): Promise<{ element: MuleUploadElement; harness: Harness }> {
  const harness = new Harness({ checksum: 'none' });
  const element = await fixture<MuleUploadElement>(html`<mule-upload multiple></mule-upload>`);
  element.uploader = harness.uploader;
  await harness.interrupt(fileOf(SIZE, 'film.mov'), 1);
  harness.store.hold('put');
  await harness.uploader.add(others.map((name) => fileOf(10, name)));
  await rendered(element);
  return { element, harness };
}

const question = (element: Element): HTMLElement | null => shadowQuery(element, '[part=question]');
const row = (element: Element, name: string): HTMLElement =>
  [...element.shadowRoot!.querySelectorAll<HTMLElement>('.row')].find((one) => one.textContent.includes(name))!;
const focused = (element: Element): string | undefined => element.shadowRoot!.activeElement?.textContent.trim();

async function press(element: MuleUploadElement, selector: string, within: Element | ShadowRoot): Promise<void> {
  const button = within.querySelector<HTMLButtonElement>(selector)!;
  button.focus();
  button.click();
  await rendered(element);
}

async function pressText(element: MuleUploadElement, text: string): Promise<void> {
  const buttons = [...element.shadowRoot!.querySelectorAll<HTMLButtonElement>('button')];
  const button = buttons.find(({ textContent }) => textContent.trim() === text)!;
  button.focus();
  button.click();
  await rendered(element);
}

describe('ListActions', () => {
  it('asks before it aborts an upload with stored parts', async () => {
    const { element, harness } = await partlyStored();
    await press(element, '[part=abort]', row(element, 'film.mov'));
    expect(question(element)!.getAttribute('aria-label')).to.equal('Abort the upload and delete its stored parts?');
    expect(focused(element), 'the safe answer has the focus').to.equal('Keep');
    await expect(element, 'asked').to.be.accessible();
    expect(harness.uploadOf('film.mov').status).to.equal('paused');

    await pressText(element, 'Keep');
    expect(question(element)).to.equal(null);
    expect([harness.uploadOf('film.mov').status, harness.store.count('abort')]).to.deep.equal(['paused', 0]);
    expect(element.shadowRoot!.activeElement, 'the focus is not lost').to.not.equal(null);

    await press(element, '[part=abort]', row(element, 'film.mov'));
    await pressText(element, 'Abort');
    await harness.until(() => harness.store.uploads.size === 0);
    expect([harness.uploadOf('film.mov').status, harness.store.uploads.size]).to.deep.equal(['aborted', 0]);
  });

  it('keeps the upload on Escape, which a dialog around the element does not get', async () => {
    const { element, harness } = await partlyStored();
    await press(element, '[part=abort]', row(element, 'film.mov'));
    let escapesOutside = 0;
    element.addEventListener('keydown', () => escapesOutside++);
    const escape = (): void => {
      const event = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true, cancelable: true });
      (element.shadowRoot!.activeElement ?? shadowQuery(element, '.root')!).dispatchEvent(event);
    };
    escape();
    await rendered(element);
    expect([question(element), harness.uploadOf('film.mov').status, escapesOutside]).to.deep.equal([null, 'paused', 0]);
    // without a question, the page gets the event
    escape();
    expect(escapesOutside).to.equal(1);
  });

  it('does not ask if nothing is stored', async () => {
    const { element, harness } = await partlyStored('note.txt');
    await press(element, '[part=abort]', row(element, 'note.txt'));
    expect([question(element), harness.uploadOf('note.txt').status]).to.deep.equal([null, 'aborted']);
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
  });

  it('asks once before it aborts all uploads, and names their number', async () => {
    const { element, harness } = await partlyStored('note.txt', 'list.txt');
    await pressText(element, 'Abort all');
    expect(question(element)!.getAttribute('aria-label')).to.match(/3 uploads/);
    await expect(element, 'asked for all').to.be.accessible();
    await pressText(element, 'Keep');
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
    await pressText(element, 'Abort all');
    await pressText(element, 'Abort all');
    await harness.until(() => harness.store.uploads.size === 0);
    expect(element.uploads.map(({ status }) => status)).to.deep.equal(['aborted', 'aborted', 'aborted']);
  });

  it('retries all failed uploads', async () => {
    const { element, harness } = await partlyStored();
    harness.store.always('put', refuse(403, 'AccessDenied'));
    await harness.uploader.add([fileOf(10, 'a.txt'), fileOf(10, 'b.txt')]);
    await harness.until(() => ['a.txt', 'b.txt'].every((name) => harness.uploadOf(name).status === 'failed'));
    await rendered(element);
    await expect(element, 'failed').to.be.accessible();
    harness.store.always('put', null);
    await pressText(element, 'Try failed again');
    await harness.until(() => ['a.txt', 'b.txt'].every((name) => harness.uploadOf(name).status === 'complete'));
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
  });
});
