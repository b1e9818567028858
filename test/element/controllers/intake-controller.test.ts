import { expect, fixture, html } from '@open-wc/testing';
import { dropFiles } from '../../wtr/files.js';
import { fileOf, shadowQuery, rendered, harness, until } from '../harness.js';

function transferOf(...files: File[]): DataTransfer {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  return transfer;
}

const drag = (target: EventTarget, type: string, dataTransfer: DataTransfer): DragEvent => {
  const event = new DragEvent(type, { dataTransfer, bubbles: true, composed: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
};

function paste(target: EventTarget, file: File): ClipboardEvent {
  const event = new ClipboardEvent('paste', { bubbles: true, composed: true, cancelable: true });
  // Firefox takes no clipboardData in the constructor.
  Object.defineProperty(event, 'clipboardData', { value: transferOf(file) });
  target.dispatchEvent(event);
  return event;
}

describe('IntakeController', () => {
  it('accepts dropped files, and shows that it does while they are dragged', async () => {
    const { element } = await harness();
    const transfer = transferOf(fileOf('a.txt'), fileOf('b.txt'));
    expect(drag(element, 'dragover', transfer).defaultPrevented).to.be.true;
    await rendered(element);
    expect(element.matches(':state(dragover)')).to.be.true;
    drag(element, 'drop', transfer);
    await until(() => element.uploads.length === 2);
    await rendered(element);
    expect(element.matches(':state(dragover)')).to.be.false;
  });

  it('accepts real files from disk', async () => {
    const { element } = await harness();
    const box = element.getBoundingClientRect();
    if (!(await dropFiles(box.x + 20, box.y + 20, [{ name: 'real.txt', content: 'real' }]))) return;
    await until(() => element.uploads.length === 1);
    expect(element.uploads[0]!.name).to.equal('real.txt');
  });

  it('accepts files on a larger drop target, and covers it', async () => {
    const area = await fixture(
      html`<section>
        <p>Anywhere here</p>
        <div id="room"></div>
      </section>`,
    );
    const { element } = await harness();
    area.querySelector('#room')!.append(element);
    element.dropTarget = 'section';
    await element.updateComplete;
    expect(shadowQuery(element, '[part=overlay]')).to.be.null;
    drag(area.querySelector('p')!, 'dragover', transferOf(fileOf('a.txt')));
    await rendered(element);
    const overlay = shadowQuery(element, '[part=overlay]')!;
    expect(overlay.matches(':popover-open')).to.be.true;
    expect(overlay.textContent).to.include('Drop to add');
    const [over, under] = [overlay, area].map((one) => one.getBoundingClientRect());
    expect(over!.width).to.be.closeTo(under!.width, 2);
    expect(getComputedStyle(overlay).pointerEvents).to.equal('none');
    drag(area.querySelector('p')!, 'drop', transferOf(fileOf('a.txt')));
    await rendered(element);
    expect(shadowQuery(element, '[part=overlay]')).to.be.null;
    await until(() => element.uploads.length === 1);
  });

  it('accepts pasted files, unless paste is disabled', async () => {
    const { element } = await harness();
    expect(paste(element, fileOf('pasted.png')).defaultPrevented).to.be.true;
    await until(() => element.uploads.length === 1);
    element.noPaste = true;
    expect(paste(element, fileOf('two.png')).defaultPrevented).to.be.false;
  });

  it('accepts no files while disabled, and none without drag and drop', async () => {
    const { element } = await harness();
    element.disabled = true;
    expect(drag(element, 'drop', transferOf(fileOf('a.txt'))).defaultPrevented).to.be.true;
    element.disabled = false;
    element.noDrop = true;
    expect(drag(element, 'drop', transferOf(fileOf('a.txt'))).defaultPrevented).to.be.false;
    await rendered(element);
    expect(element.uploads).to.be.empty;
  });

  it('accepts dropped files on a page that stops drag events or prevents their default', async () => {
    const area = await fixture(
      html`<section>
        <p>Anywhere</p>
        <div id="room"></div>
      </section>`,
    );
    const { element } = await harness();
    area.querySelector('#room')!.append(element);
    element.dropTarget = 'section';
    await element.updateComplete;
    const page = new AbortController();
    const listen = (target: EventTarget, act: (event: Event) => void, capture: boolean): void => {
      for (const type of ['dragenter', 'dragover', 'drop'])
        target.addEventListener(type, act, { capture, signal: page.signal });
    };
    listen(area.querySelector('p')!, (event) => event.stopPropagation(), false);
    for (const capture of [true, false]) listen(document, (event) => event.preventDefault(), capture);
    try {
      const transfer = transferOf(fileOf('a.txt'));
      expect(drag(area.querySelector('p')!, 'dragover', transfer).defaultPrevented).to.be.true;
      await until(() => element.matches(':state(dragover)'));
      expect(drag(area.querySelector('p')!, 'drop', transfer).defaultPrevented).to.be.true;
      expect(drag(element, 'drop', transferOf(fileOf('b.txt'))).defaultPrevented).to.be.true;
      await until(() => element.uploads.length === 2);
      expect(drag(document.body, 'drop', transferOf(fileOf('c.txt'))).defaultPrevented).to.be.true;
    } finally {
      page.abort();
    }
    await rendered(element);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt']);
    expect(element.matches(':state(dragover)')).to.be.false;
  });

  it('leaves files to a part of the drop target that handles them, or to an element in it', async () => {
    const area = await fixture(html`<section><p>Mine</p></section>`);
    const { element } = await harness();
    const { element: inner } = await harness();
    area.append(element, inner);
    element.dropTarget = 'section';
    await element.updateComplete;
    const mine = area.querySelector('p')!;
    for (const type of ['dragover', 'drop'])
      mine.addEventListener(type, (event) => {
        event.preventDefault();
        event.stopPropagation();
      });
    drag(mine, 'dragover', transferOf(fileOf('a.txt')));
    drag(mine, 'drop', transferOf(fileOf('a.txt')));
    drag(inner, 'drop', transferOf(fileOf('b.txt')));
    drag(area, 'drop', transferOf(fileOf('c.txt')));
    await until(() => element.uploads.length > 0 && inner.uploads.length > 0);
    await rendered(element);
    expect(element.matches(':state(dragover)')).to.be.false;
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['c.txt']);
    expect(inner.uploads.map(({ name }) => name)).to.deep.equal(['b.txt']);
  });

  it('accepts files by add(), even before the element is connected', async () => {
    const { uploader } = await harness();
    const element = document.createElement('mule-upload');
    element.multiple = true;
    element.uploader = uploader;
    await element.add(transferOf(fileOf('a.txt')).files);
    await element.add(transferOf(fileOf('b.txt')));
    await element.add(fileOf('c.txt'));
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt', 'c.txt']);
  });

  it('accepts the same file again', async () => {
    const { element } = await harness();
    const input = shadowQuery<HTMLInputElement>(element, 'input')!;
    input.files = transferOf(fileOf('a.txt')).files;
    input.dispatchEvent(new Event('change'));
    expect(input.files).to.be.empty;
    await until(() => element.uploads.length === 1);
  });
});
