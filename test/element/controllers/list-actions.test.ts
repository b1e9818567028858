import { expect, fixture, html } from '@open-wc/testing';
import '../../../src/index.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { refuse } from '../../engine/fake-store.js';
import { fileOf, Harness } from '../../engine/harness.js';
import { shadowQuery, untilRendered } from '../harness.js';

const SIZE = 3 * MIN_PART_SIZE;
const ASK = 'Cancel the upload? What has been uploaded so far will be deleted.';

/** Creates an element with a paused upload of which one part is stored, and with other uploads that have not started. */
async function createWithStoredPart(...others: string[]): Promise<{ element: MuleUploadElement; harness: Harness }> {
  const harness = new Harness({ checksum: 'none' });
  const element = await fixture<MuleUploadElement>(html`<mule-upload multiple></mule-upload>`);
  element.uploader = harness.uploader;
  await harness.interrupt(fileOf(SIZE, 'film.mov'), 1);
  harness.store.hold('put');
  await harness.uploader.add(others.map((name) => fileOf(10, name)));
  await untilRendered(element);
  return { element, harness };
}

const question = (element: Element): HTMLElement | null => shadowQuery(element, '[part=question]');
const row = (element: Element, name: string): HTMLElement =>
  [...element.shadowRoot!.querySelectorAll<HTMLElement>('.row')].find((candidate) =>
    candidate.textContent.includes(name),
  )!;
const focused = (element: Element): string | undefined => element.shadowRoot!.activeElement?.textContent.trim();

function pressEscape(element: Element): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true, cancelable: true });
  (element.shadowRoot!.activeElement ?? shadowQuery(element, '.root')!).dispatchEvent(event);
  return event;
}

async function clickIn(element: MuleUploadElement, selector: string, within: Element | ShadowRoot): Promise<void> {
  const button = within.querySelector<HTMLButtonElement>(selector)!;
  button.focus();
  button.click();
  await untilRendered(element);
}

async function clickButton(element: MuleUploadElement, text: string): Promise<void> {
  const buttons = [...element.shadowRoot!.querySelectorAll<HTMLButtonElement>('button')];
  const button = buttons.find(({ textContent }) => textContent.trim() === text)!;
  button.focus();
  button.click();
  await untilRendered(element);
}

describe('ListActions', () => {
  it('asks before it aborts an upload with stored parts', async () => {
    const { element, harness } = await createWithStoredPart();
    await clickIn(element, '[part=abort]', row(element, 'film.mov'));
    expect(question(element)!.getAttribute('aria-label')).to.equal(ASK);
    expect(focused(element), 'the answer that deletes nothing has the focus').to.equal('Keep uploading');
    await expect(element, 'asked').to.be.accessible();
    expect(harness.uploadOf('film.mov').status).to.equal('paused');

    await clickButton(element, 'Keep uploading');
    expect(question(element)).to.equal(null);
    expect([harness.uploadOf('film.mov').status, harness.store.count('abort')]).to.deep.equal(['paused', 0]);
    expect(element.shadowRoot!.activeElement, 'the focus is not lost').to.not.equal(null);

    await clickIn(element, '[part=abort]', row(element, 'film.mov'));
    await clickButton(element, 'Cancel upload');
    await harness.until(() => harness.store.uploads.size === 0);
    expect([harness.uploadOf('film.mov').status, harness.store.uploads.size]).to.deep.equal(['aborted', 0]);
  });

  it('keeps the upload on Escape, and stops that event, so that a dialog around it stays open', async () => {
    const { element, harness } = await createWithStoredPart();
    await clickIn(element, '[part=abort]', row(element, 'film.mov'));
    let escapesOutside = 0;
    element.addEventListener('keydown', () => escapesOutside++);
    expect(pressEscape(element).defaultPrevented, 'a native dialog closes otherwise').to.be.true;
    await untilRendered(element);
    expect([question(element), harness.uploadOf('film.mov').status, escapesOutside]).to.deep.equal([null, 'paused', 0]);
    // without a question, the event leaves the element
    expect(pressEscape(element).defaultPrevented).to.be.false;
    expect(escapesOutside).to.equal(1);
  });

  for (const [title, ask] of [
    ['abort one upload', (element) => clickIn(element, '[part=abort]', row(element, 'film.mov'))],
    ['abort all uploads', (element) => clickButton(element, 'Cancel all')],
  ] as readonly [string, (element: MuleUploadElement) => Promise<void>][]) {
    it(`withdraws the question whether to ${title} when they have ended, and leaves Escape to the page`, async () => {
      const { element, harness } = await createWithStoredPart('note.txt');
      await ask(element);
      expect(question(element)).not.to.equal(null);
      let escapesOutside = 0;
      element.addEventListener('keydown', () => escapesOutside++);
      element.abort();
      expect(pressEscape(element).defaultPrevented).to.be.false;
      expect(escapesOutside).to.equal(1);
      await untilRendered(element);
      expect(question(element)).to.equal(null);
      // it does not come back with the next uploads
      await harness.uploader.add([fileOf(10, 'next.txt')]);
      await untilRendered(element);
      expect(question(element)).to.equal(null);
    });
  }

  it('asks before it aborts an upload of an earlier page load with stored parts', async () => {
    const before = new Harness({ checksum: 'none' });
    const file = fileOf(SIZE, 'film.mov');
    await before.interrupt(file, 1);
    const harness = before.reload({ recover: 'ask' });
    const element = await fixture<MuleUploadElement>(html`<mule-upload multiple></mule-upload>`);
    element.uploader = harness.uploader;
    await harness.until(() => element.uploads[0]?.parts.done === 1);
    expect(element.uploads[0]!.status).to.equal('needs-file');
    await untilRendered(element);
    await clickIn(element, '[part=abort]', row(element, 'film.mov'));
    expect(question(element)!.getAttribute('aria-label')).to.equal(ASK);
  });

  it('does not ask before it aborts an upload without stored parts', async () => {
    const { element, harness } = await createWithStoredPart('note.txt');
    await clickIn(element, '[part=abort]', row(element, 'note.txt'));
    expect([question(element), harness.uploadOf('note.txt').status]).to.deep.equal([null, 'aborted']);
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
  });

  it('asks once before it aborts all uploads, and names their number', async () => {
    const { element, harness } = await createWithStoredPart('note.txt', 'list.txt');
    await clickButton(element, 'Cancel all');
    expect(question(element)!.getAttribute('aria-label')).to.match(/3 uploads/);
    await expect(element, 'asked for all').to.be.accessible();
    await clickButton(element, 'Keep uploading');
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
    await clickButton(element, 'Cancel all');
    await clickButton(element, 'Cancel uploads');
    await harness.until(() => harness.store.uploads.size === 0);
    expect(element.uploads.map(({ status }) => status)).to.deep.equal(['aborted', 'aborted', 'aborted']);
  });

  it('asks the page by mule-remove before the user removes uploaded files, and no others', async () => {
    const { element, harness } = await createWithStoredPart();
    harness.store.always('put', null);
    await harness.uploader.add([fileOf(10, 'a.txt'), fileOf(10, 'b.txt')]);
    await harness.until(() => ['a.txt', 'b.txt'].every((name) => harness.uploadOf(name).status === 'complete'));
    element.value = [...element.value, 'old/c.png'];
    await untilRendered(element);
    const asked: (string | null)[] = [];
    let keeps = true;
    element.addEventListener('mule-remove', (event) => {
      asked.push(event.detail.upload?.name ?? event.detail.value);
      if (keeps) event.preventDefault();
    });
    const removeRow = (name: string): Promise<void> => clickIn(element, '[part=dismiss]', row(element, name));
    const names = (): string[] => element.uploads.map(({ name }) => name);

    await removeRow('a.txt');
    await removeRow('c.png');
    await clickButton(element, 'Clear finished');
    expect(asked).to.deep.equal(['a.txt', 'old/c.png', 'a.txt', 'b.txt']);
    expect(names()).to.deep.equal(['film.mov', 'a.txt', 'b.txt']);
    expect(element.value).to.have.length(3);

    keeps = false;
    await removeRow('c.png');
    await removeRow('a.txt');
    expect(names()).to.deep.equal(['film.mov', 'b.txt']);
    expect(element.value).to.deep.equal(['files/b.txt']);
    asked.length = 0;
    element.dismiss(harness.uploadOf('b.txt').id);
    await clickIn(element, '[part=abort]', row(element, 'film.mov'));
    await clickButton(element, 'Cancel upload');
    await removeRow('film.mov');
    expect([names(), asked], 'neither for calls of the page nor for a canceled upload').to.deep.equal([[], []]);
  });

  it('retries all failed uploads', async () => {
    const { element, harness } = await createWithStoredPart();
    harness.store.always('put', refuse(403, 'AccessDenied'));
    await harness.uploader.add([fileOf(10, 'a.txt'), fileOf(10, 'b.txt')]);
    await harness.until(() => ['a.txt', 'b.txt'].every((name) => harness.uploadOf(name).status === 'failed'));
    await untilRendered(element);
    await expect(element, 'failed').to.be.accessible();
    harness.store.always('put', null);
    await clickButton(element, 'Try failed again');
    await harness.until(() => ['a.txt', 'b.txt'].every((name) => harness.uploadOf(name).status === 'complete'));
    expect(harness.uploadOf('film.mov').status).to.equal('paused');
  });
});
