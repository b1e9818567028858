import { expect, fixture, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { dropFiles } from '../../wtr/files.js';
import { fileOf, shadowQuery, untilRendered, createHarness, unfinishedRecord, until } from '../harness.js';

function transferOf(...files: File[]): DataTransfer {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  return transfer;
}

const dispatchDrag = (target: EventTarget, type: string, dataTransfer: DataTransfer): DragEvent => {
  const event = new DragEvent(type, { dataTransfer, bubbles: true, composed: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
};

function dispatchPaste(target: EventTarget, file: File, text = ''): ClipboardEvent {
  const event = new ClipboardEvent('paste', { bubbles: true, composed: true, cancelable: true });
  // the constructor of Firefox ignores clipboardData
  const clipboardData = transferOf(file);
  if (text) clipboardData.setData('text/plain', text);
  Object.defineProperty(event, 'clipboardData', { value: clipboardData });
  target.dispatchEvent(event);
  return event;
}

/** Inserts an element into the container of an area, whose section is its drop target. */
async function insertWithDropTarget(area: Element): Promise<MuleUploadElement> {
  const { element } = await createHarness();
  area.querySelector('#container')!.append(element);
  element.dropTarget = 'section';
  await element.updateComplete;
  return element;
}

describe('IntakeController', () => {
  it('accepts dropped files, and has the state dragover while they are dragged over it', async () => {
    const { element } = await createHarness();
    const transfer = transferOf(fileOf('a.txt'), fileOf('b.txt'));
    expect(dispatchDrag(element, 'dragover', transfer).defaultPrevented).to.be.true;
    await untilRendered(element);
    expect(element.matches(':state(dragover)')).to.be.true;
    dispatchDrag(element, 'drop', transfer);
    await until(() => element.uploads.length === 2);
    await untilRendered(element);
    expect(element.matches(':state(dragover)')).to.be.false;
  });

  it('accepts real files from disk', async () => {
    const { element } = await createHarness();
    const box = element.getBoundingClientRect();
    if (!(await dropFiles(box.x + 20, box.y + 20, [{ name: 'real.txt', content: 'real' }]))) return;
    await until(() => element.uploads.length === 1);
    expect(element.uploads[0]!.name).to.equal('real.txt');
  });

  it('accepts files on a larger drop target, and covers the target with an overlay', async () => {
    const area = await fixture(
      html`<section>
        <p>Anywhere here</p>
        <div id="container"></div>
      </section>`,
    );
    const element = await insertWithDropTarget(area);
    expect(shadowQuery(element, '[part=overlay]')).to.be.null;
    dispatchDrag(area.querySelector('p')!, 'dragover', transferOf(fileOf('a.txt')));
    await untilRendered(element);
    const overlay = shadowQuery(element, '[part=overlay]')!;
    expect(overlay.matches(':popover-open')).to.be.true;
    expect(overlay.textContent).to.include('Drop to add');
    const [overlayBox, areaBox] = [overlay, area].map((box) => box.getBoundingClientRect());
    expect(overlayBox!.width).to.be.closeTo(areaBox!.width, 2);
    expect(getComputedStyle(overlay).pointerEvents).to.equal('none');
    dispatchDrag(area.querySelector('p')!, 'drop', transferOf(fileOf('a.txt')));
    await untilRendered(element);
    expect(shadowQuery(element, '[part=overlay]')).to.be.null;
    await until(() => element.uploads.length === 1);
  });

  it('accepts pasted files, unless paste is disabled', async () => {
    const { element } = await createHarness();
    expect(dispatchPaste(element, fileOf('pasted.png')).defaultPrevented).to.be.true;
    await until(() => element.uploads.length === 1);
    element.noPaste = true;
    expect(dispatchPaste(element, fileOf('two.png')).defaultPrevented).to.be.false;
  });

  it('leaves pasted text to a text field in its drop target, and accepts an image without text', async () => {
    const area = await fixture(
      html`<section>
        <textarea></textarea><input />
        <p contenteditable="true">Text</p>
        <div id="container"></div>
      </section>`,
    );
    const element = await insertWithDropTarget(area);
    for (const field of area.querySelectorAll('textarea, input, p')) {
      const cells = dispatchPaste(field, fileOf('cells.png'), 'a cell');
      expect(cells.defaultPrevented, field.localName).to.be.false;
      const name = `${field.localName}.png`;
      expect(dispatchPaste(field, fileOf(name)).defaultPrevented, name).to.be.true;
      await until(() => element.uploads.some((upload) => upload.name === name));
    }
    dispatchPaste(area, fileOf('outside.png'), 'a cell');
    await until(() => element.uploads.some(({ name }) => name === 'outside.png'));
    expect(element.uploads.map(({ name }) => name)).to.not.include('cells.png');
  });

  it('offers one file for an upload whose file is missing, and folders again for the next choice', async () => {
    const { element } = await createHarness(html`<mule-upload multiple directory></mule-upload>`, {}, [
      unfinishedRecord('film.mov'),
    ]);
    const input = shadowQuery<HTMLInputElement>(element, 'input')!;
    const offered: [boolean, boolean][] = [];
    input.addEventListener('click', (event) => {
      offered.push([input.multiple, input.webkitdirectory]);
      event.preventDefault();
    });
    shadowQuery(element, '[part=choose]')!.click();
    input.dispatchEvent(new Event('cancel', { bubbles: true }));
    element.browse();
    expect(offered).to.deep.equal([
      [false, false],
      [true, true],
    ]);
  });

  it('accepts no dropped files while it is disabled, or with no-drop', async () => {
    const { element } = await createHarness();
    element.disabled = true;
    expect(dispatchDrag(element, 'drop', transferOf(fileOf('a.txt'))).defaultPrevented).to.be.true;
    element.disabled = false;
    element.noDrop = true;
    expect(dispatchDrag(element, 'drop', transferOf(fileOf('a.txt'))).defaultPrevented).to.be.false;
    await untilRendered(element);
    expect(element.uploads).to.be.empty;
  });

  it('accepts dropped files on a page that stops drag events or prevents their default', async () => {
    const area = await fixture(
      html`<section>
        <p>Anywhere</p>
        <div id="container"></div>
      </section>`,
    );
    const element = await insertWithDropTarget(area);
    const page = new AbortController();
    const listen = (target: EventTarget, act: (event: Event) => void, capture: boolean): void => {
      for (const type of ['dragenter', 'dragover', 'drop'])
        target.addEventListener(type, act, { capture, signal: page.signal });
    };
    listen(area.querySelector('p')!, (event) => event.stopPropagation(), false);
    for (const capture of [true, false]) listen(document, (event) => event.preventDefault(), capture);
    try {
      const transfer = transferOf(fileOf('a.txt'));
      expect(dispatchDrag(area.querySelector('p')!, 'dragover', transfer).defaultPrevented).to.be.true;
      await until(() => element.matches(':state(dragover)'));
      expect(dispatchDrag(area.querySelector('p')!, 'drop', transfer).defaultPrevented).to.be.true;
      expect(dispatchDrag(element, 'drop', transferOf(fileOf('b.txt'))).defaultPrevented).to.be.true;
      await until(() => element.uploads.length === 2);
      expect(dispatchDrag(document.body, 'drop', transferOf(fileOf('c.txt'))).defaultPrevented).to.be.true;
    } finally {
      page.abort();
    }
    await untilRendered(element);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt']);
    expect(element.matches(':state(dragover)')).to.be.false;
  });

  it('ignores files that another part of the drop target handles, or that are dropped on another element in it', async () => {
    const area = await fixture(html`<section><p>Mine</p></section>`);
    const { element } = await createHarness();
    const { element: inner } = await createHarness();
    area.append(element, inner);
    element.dropTarget = 'section';
    await element.updateComplete;
    const otherTarget = area.querySelector('p')!;
    for (const type of ['dragover', 'drop'])
      otherTarget.addEventListener(type, (event) => {
        event.preventDefault();
        event.stopPropagation();
      });
    dispatchDrag(otherTarget, 'dragover', transferOf(fileOf('a.txt')));
    dispatchDrag(otherTarget, 'drop', transferOf(fileOf('a.txt')));
    dispatchDrag(inner, 'drop', transferOf(fileOf('b.txt')));
    dispatchDrag(area, 'drop', transferOf(fileOf('c.txt')));
    await until(() => element.uploads.length > 0 && inner.uploads.length > 0);
    await untilRendered(element);
    expect(element.matches(':state(dragover)')).to.be.false;
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['c.txt']);
    expect(inner.uploads.map(({ name }) => name)).to.deep.equal(['b.txt']);
  });

  it('accepts files by add(), even before the element is connected', async () => {
    const { uploader } = await createHarness();
    const element = document.createElement('mule-upload');
    element.multiple = true;
    element.uploader = uploader;
    await element.add(transferOf(fileOf('a.txt')).files);
    await element.add(transferOf(fileOf('b.txt')));
    await element.add(fileOf('c.txt'));
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt', 'c.txt']);
  });

  it('resets its file input, so that the user can choose the same file again', async () => {
    const { element } = await createHarness();
    const input = shadowQuery<HTMLInputElement>(element, 'input')!;
    input.files = transferOf(fileOf('a.txt')).files;
    input.dispatchEvent(new Event('change'));
    expect(input.files).to.be.empty;
    await until(() => element.uploads.length === 1);
  });
});
