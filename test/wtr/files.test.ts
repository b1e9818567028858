import { expect, fixture, html } from '@open-wc/testing';
import { dropFiles, setFiles } from './files.js';

const textOf = (file: File | undefined): Promise<string> => file?.text() ?? Promise.resolve('no file');

describe('real files in browser tests', () => {
  it('arrive in an input inside a shadow root, as if a user had chosen them', async () => {
    const host = await fixture(html`<div></div>`);
    host.id = 'chooser';
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', multiple: true });
    host.attachShadow({ mode: 'open' }).append(input);
    const changed = new Promise((resolve) => input.addEventListener('change', resolve));
    await setFiles(
      ['#chooser', 'input'],
      [
        { name: 'random.bin', size: 100_000 },
        { name: 'größe.txt', content: 'hello' },
      ],
    );
    await changed;
    expect(Array.from(input.files!, ({ name, size }) => [name, size])).to.deep.equal([
      ['random.bin', 100_000],
      ['größe.txt', 5],
    ]);
    expect(await textOf(input.files![1])).to.equal('hello');
  });

  it('arrive in a drop, in Chromium', async () => {
    const isChromium = 'showOpenFilePicker' in window;
    const host = await fixture<HTMLElement>(html`<div style="width: 100px; height: 100px"></div>`);
    host.addEventListener('dragover', (event) => event.preventDefault());
    const dropped = new Promise<File | undefined>((resolve) =>
      host.addEventListener('drop', (event) => {
        event.preventDefault();
        resolve(event.dataTransfer?.files[0]);
      }),
    );
    const { x, y } = host.getBoundingClientRect();
    const isDropped = await dropFiles(x + 50, y + 50, [{ name: 'dropped.txt', content: 'from outside' }]);
    expect(isDropped).to.equal(isChromium);
    if (isDropped) expect(await textOf(await dropped)).to.equal('from outside');
  });
});
