import { expect, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, nextEvent, shadowQuery, rendered, harness, until } from '../harness.js';

const COUNT = 600;
const files = (count: number, from = 0): File[] =>
  Array.from({ length: count }, (_, index) => fileOf(`file-${from + index}.txt`));
const rowsOf = (element: MuleUploadElement): HTMLElement[] => [
  ...element.shadowRoot!.querySelectorAll<HTMLElement>('.row'),
];

describe('a long list', () => {
  it('renders only rows near the view, with their position, and others when scrolled to', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add(files(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    await rendered(element);
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

  it('fills the view after a jump to the middle, and after the element was moved', async () => {
    const { element } = await harness(html`<mule-upload multiple no-autostart></mule-upload>`);
    await element.add(files(COUNT));
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
    const place = document.createElement('div');
    document.body.append(place);
    place.append(element);
    list.scrollTop = list.scrollHeight / 4;
    await until(isFilled);
    place.remove();
  });

  it('reaches its end in one jump, even after its width has changed', async () => {
    const { element } = await harness(html`<mule-upload multiple no-autostart></mule-upload>`);
    await element.add(files(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    const list = shadowQuery(element, '[part=list]')!;
    for (let share = 1; share <= 8; share++) {
      list.scrollTop = (list.scrollHeight * share) / 10;
      await until(() =>
        rowsOf(element).some((row) => Number(row.getAttribute('aria-posinset')) > (COUNT * share) / 12),
      );
    }
    const wide = rowsOf(element)[0]!.offsetHeight;
    element.style.width = '240px';
    await until(() => rowsOf(element)[0]!.offsetHeight > wide);
    await rendered(element);
    await new Promise((resolve) => setTimeout(resolve, 300));
    list.scrollTop = list.scrollHeight;
    await until(() => {
      const last = shadowQuery(element, `[aria-posinset="${COUNT}"]`)?.getBoundingClientRect();
      return last !== undefined && Math.abs(last.bottom - list.getBoundingClientRect().bottom) < 24;
    });
  });

  it('keeps a focused row when it is scrolled away', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add(files(COUNT));
    await until(() => rowsOf(element)[0]?.getAttribute('aria-setsize') === String(COUNT));
    const button = shadowQuery(element, '[part=abort]')!;
    button.focus();
    const list = shadowQuery(element, '[part=list]')!;
    await until(() => {
      // WebKit brings what has the focus into view when it sees fit
      list.scrollTop = list.scrollHeight;
      return shadowQuery(element, `[aria-posinset="${COUNT}"]`) !== null;
    });
    expect(element.shadowRoot!.activeElement).to.equal(button);
    expect(button.isConnected).to.be.true;
    element.abort();
  });

  it('updates value and validity when they are read, and fires change until the end', async () => {
    const { element, store } = await harness(html`<mule-upload name="file" multiple required></mule-upload>`);
    store.answer = 'hold';
    await element.add(files(COUNT));
    expect(element.validity.customError).to.be.true;
    let changes = 0;
    element.addEventListener('change', () => changes++);
    const inTime: boolean[] = [];
    element.addEventListener('mule-complete', ({ detail }) => inTime.push(element.value.includes(detail.key)), {
      once: true,
    });
    const over = nextEvent(element, 'mule-finish');
    store.answer = 'store';
    await over;
    expect(inTime).to.deep.equal([true]);
    expect(element.value).to.have.length(COUNT);
    expect(element.checkValidity()).to.be.true;
    expect(changes).to.be.within(1, COUNT);
  });

  it('counts messages, and shows the first few', async () => {
    const { element } = await harness(html`<mule-upload accept=".png" multiple></mule-upload>`);
    await element.add(files(300));
    await rendered(element);
    const messages = shadowQuery(element, '[part=messages]')!;
    expect(messages.querySelectorAll('li')).to.have.length(6);
    expect(messages.textContent).to.include('295 more files were not added');
  });
});
