import { expect, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, nextEvent, shadowQuery, untilRendered, createHarness, until } from '../harness.js';

const COUNT = 600;
const createFiles = (count: number): File[] => Array.from({ length: count }, (_, index) => fileOf(`file-${index}.txt`));
const rowsOf = (element: MuleUploadElement): HTMLElement[] => [
  ...element.shadowRoot!.querySelectorAll<HTMLElement>('.row'),
];

describe('a long list', () => {
  it('renders only the rows near the viewport, with their position, and others after scrolling', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add(createFiles(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    await untilRendered(element);
    const list = shadowQuery(element, '[part=list]')!;
    expect(rowsOf(element).length).to.be.below(200);
    expect(rowsOf(element)[0]!.getAttribute('aria-posinset')).to.equal('1');
    expect(rowsOf(element)[0]!.getAttribute('aria-setsize')).to.equal(String(COUNT));
    await until(() => list.scrollHeight > COUNT * 40);
    expect(list.clientHeight).to.be.below(1_000);
    list.scrollTop = list.scrollHeight;
    await until(() => rowsOf(element).at(-1)?.getAttribute('aria-posinset') === String(COUNT));
    expect(shadowQuery(element, `[aria-posinset="${COUNT}"] [part=name]`)!.title).to.equal(`file-${COUNT - 1}.txt`);
    expect(rowsOf(element).length).to.be.below(200);
    await expect(element).to.be.accessible();
    element.abort();
  });

  it('fills the viewport after a jump to the middle, and after the element was moved', async () => {
    const { element } = await createHarness(html`<mule-upload multiple no-autostart></mule-upload>`);
    await element.add(createFiles(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    const list = shadowQuery(element, '[part=list]')!;
    const isFilled = (): boolean => {
      const { top, bottom } = list.getBoundingClientRect();
      const shown = rowsOf(element)
        .map((row) => row.getBoundingClientRect())
        .filter((row) => row.bottom > top && row.top < bottom);
      return (
        shown.reduce((sum, row) => sum + Math.min(row.bottom, bottom) - Math.max(row.top, top), 0) > bottom - top - 4
      );
    };
    list.scrollTop = list.scrollHeight / 2;
    await until(() => isFilled() && rowsOf(element).length < 100);
    const container = document.createElement('div');
    document.body.append(container);
    container.append(element);
    list.scrollTop = list.scrollHeight / 4;
    await until(isFilled);
    container.remove();
  });

  it('reaches its end in one jump, even after its width has changed', async () => {
    const { element } = await createHarness(html`<mule-upload multiple no-autostart></mule-upload>`);
    await element.add(createFiles(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    const list = shadowQuery(element, '[part=list]')!;
    for (let tenths = 1; tenths <= 8; tenths++) {
      list.scrollTop = (list.scrollHeight * tenths) / 10;
      await until(() =>
        rowsOf(element).some((row) => Number(row.getAttribute('aria-posinset')) > (COUNT * tenths) / 12),
      );
    }
    const heightOfWideRow = rowsOf(element)[0]!.offsetHeight;
    element.style.width = '240px';
    await until(() => rowsOf(element)[0]!.offsetHeight > heightOfWideRow);
    await untilRendered(element);
    await new Promise((resolve) => setTimeout(resolve, 300));
    list.scrollTop = list.scrollHeight;
    await until(() => {
      const last = shadowQuery(element, `[aria-posinset="${COUNT}"]`)?.getBoundingClientRect();
      return last !== undefined && Math.abs(last.bottom - list.getBoundingClientRect().bottom) < 24;
    });
  });

  it('keeps the row that has the focus when it is scrolled out of view', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add(createFiles(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    const button = shadowQuery(element, '[part=abort]')!;
    button.focus();
    const list = shadowQuery(element, '[part=list]')!;
    await until(() => {
      // WebKit may scroll the focused button into view again at any time
      list.scrollTop = list.scrollHeight;
      return shadowQuery(element, `[aria-posinset="${COUNT}"]`) !== null;
    });
    expect(element.shadowRoot!.activeElement).to.equal(button);
    expect(button.isConnected).to.be.true;
    element.abort();
  });

  it('has the current value and validity at any time, and fires change at least once', async () => {
    const { element, store } = await createHarness(html`<mule-upload name="file" multiple required></mule-upload>`);
    store.behaviour = 'hold';
    await element.add(createFiles(COUNT));
    expect(element.validity.customError).to.be.true;
    let changes = 0;
    element.addEventListener('change', () => changes++);
    const includesKey: boolean[] = [];
    element.addEventListener('mule-complete', ({ detail }) => includesKey.push(element.value.includes(detail.key)), {
      once: true,
    });
    const finished = nextEvent(element, 'mule-finish');
    store.behaviour = 'store';
    await finished;
    expect(includesKey).to.deep.equal([true]);
    expect(element.value).to.have.length(COUNT);
    expect(element.checkValidity()).to.be.true;
    expect(changes).to.be.at.least(1);
  });

  it('shows the first five messages, and the number of the others', async () => {
    const { element } = await createHarness(html`<mule-upload accept=".png" multiple></mule-upload>`);
    await element.add(createFiles(300));
    await untilRendered(element);
    const messages = shadowQuery(element, '[part=messages]')!;
    expect(messages.querySelectorAll('li')).to.have.length(6);
    expect(messages.textContent).to.include('295 more files were not added');
  });
});
