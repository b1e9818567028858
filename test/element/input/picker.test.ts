import { expect, html } from '@open-wc/testing';
import { pickerTypesOf } from '../../../src/element/input/picker.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, shadowQuery, harness, unfinished, until } from '../harness.js';

interface Asked {
  multiple: boolean;
  types?: { accept: Record<string, string[]> }[];
}

const handleOf = (file: File): FileSystemFileHandle =>
  ({ kind: 'file', name: file.name, getFile: () => Promise.resolve(file) }) as unknown as FileSystemFileHandle;

/** Replaces Chromium's picker, in a user gesture, during `work`. @returns its calls, and the clicks on the input */
async function withPicker(
  element: MuleUploadElement,
  answer: (asked: Asked) => Promise<FileSystemFileHandle[]>,
  work: () => Promise<void> | void,
): Promise<{ asked: Asked[]; clicks: number }> {
  const asked: Asked[] = [];
  let clicks = 0;
  const click = (event: Event): void => {
    clicks += 1;
    event.preventDefault();
  };
  shadowQuery(element, 'input')!.addEventListener('click', click);
  const own = Object.getOwnPropertyDescriptor(globalThis, 'showOpenFilePicker');
  const show = (options: Asked): Promise<FileSystemFileHandle[]> => {
    asked.push(options);
    return answer(options);
  };
  Object.defineProperty(globalThis, 'showOpenFilePicker', { value: show, configurable: true });
  Object.defineProperty(navigator, 'userActivation', { value: { isActive: true }, configurable: true });
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { asked, clicks };
  } finally {
    Reflect.deleteProperty(navigator, 'userActivation');
    if (own) Object.defineProperty(globalThis, 'showOpenFilePicker', own);
    else Reflect.deleteProperty(globalThis, 'showOpenFilePicker');
    shadowQuery(element, 'input')!.removeEventListener('click', click);
  }
}

const refusing = (name: string) => (): Promise<never> =>
  Promise.reject(name === 'TypeError' ? new TypeError('bad list') : new DOMException('no', name));

describe('the picker that returns file handles', () => {
  it('is opened by the button with the accept list, and its files are uploaded', async () => {
    const { element } = await harness(html`<mule-upload multiple accept=".mov, image/*"></mule-upload>`);
    const { asked, clicks } = await withPicker(
      element,
      () => Promise.resolve([handleOf(fileOf('a.mov')), handleOf(fileOf('b.mov'))]),
      () => shadowQuery(element, '[part=button]')!.click(),
    );
    expect(asked).to.deep.equal([
      { multiple: true, types: [{ accept: { 'application/octet-stream': ['.mov'], 'image/*': [] } }] },
    ]);
    expect(clicks).to.equal(0);
    await until(() => element.uploads.length === 2);
  });

  it('assigns a file to the upload that asked for it', async () => {
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, [unfinished('film.mov')]);
    const { asked } = await withPicker(
      element,
      () => Promise.resolve([handleOf(fileOf('other.mov'))]),
      () => shadowQuery(element, '[part=choose]')!.click(),
    );
    expect(asked).to.deep.equal([{ multiple: false }]);
    await until(() => shadowQuery(element, '[part=messages]') !== null);
    const text = shadowQuery(element, '[part=messages]')!.textContent;
    expect(text, 'names the expected file').to.include('film.mov');
    expect(element.uploads.map(({ name, status }) => [name, status])).to.deep.equal([['film.mov', 'needs-file']]);
  });

  it('shows no message when the user cancels', async () => {
    const { element } = await harness();
    const { clicks } = await withPicker(element, refusing('AbortError'), () => element.browse());
    expect(clicks).to.equal(0);
    expect(shadowQuery(element, '[part=messages]')).to.equal(null);
  });

  it('falls back to the file input if blocked, and to all types if it rejects the list', async () => {
    const { element } = await harness(html`<mule-upload accept=".mov"></mule-upload>`);
    const blocked = await withPicker(element, refusing('SecurityError'), () => element.browse());
    expect([blocked.asked.length, blocked.clicks]).to.deep.equal([1, 1]);
    const strict = await withPicker(
      element,
      ({ types }) => (types ? refusing('TypeError')() : Promise.resolve([])),
      () => element.browse(),
    );
    expect(strict.asked.map(({ types }) => Boolean(types))).to.deep.equal([true, false]);
    expect(strict.clicks).to.equal(0);
  });

  it('is not used for folders, for a camera, with picker="input", or without a gesture', async () => {
    for (const markup of [
      html`<mule-upload directory></mule-upload>`,
      html`<mule-upload capture="user"></mule-upload>`,
      html`<mule-upload picker="input"></mule-upload>`,
    ]) {
      const { element } = await harness(markup);
      const { asked, clicks } = await withPicker(element, refusing('AbortError'), () => element.browse());
      expect([asked.length, clicks]).to.deep.equal([0, 1]);
    }
    const { element } = await harness();
    const { asked, clicks } = await withPicker(element, refusing('AbortError'), () => {
      Object.defineProperty(navigator, 'userActivation', { value: { isActive: false }, configurable: true });
      element.browse();
    });
    expect([asked.length, clicks]).to.deep.equal([0, 1]);
  });

  it('is opened once, even if the button is pressed twice', async () => {
    const { element } = await harness();
    let pick!: (handles: FileSystemFileHandle[]) => void;
    const { asked } = await withPicker(
      element,
      () => new Promise((resolve) => (pick = resolve)),
      () => {
        element.browse();
        element.browse();
      },
    );
    expect(asked).to.have.length(1);
    pick([handleOf(fileOf('a.txt'))]);
    await until(() => element.uploads.length === 1);
  });
});

describe('pickerTypesOf', () => {
  it('converts extensions and types; undefined if a token cannot be converted', () => {
    expect(pickerTypesOf(' .JPG, image/png ,video/*')).to.deep.equal([
      { accept: { 'application/octet-stream': ['.jpg'], 'image/png': [], 'video/*': [] } },
    ]);
    for (const accept of ['', '*', '*/*', '.averyveryverylongone', '.a_b', '.x-y', '.mov, .x-y'])
      expect(pickerTypesOf(accept), accept).to.equal(undefined);
  });

  it('returns lists that the real picker accepts', async () => {
    const show = (globalThis as { showOpenFilePicker?: (options: unknown) => Promise<unknown> }).showOpenFilePicker;
    if (!show) return;
    for (const accept of ['.c++', '.tar.gz', 'image/*,.mov', 'application/vnd.api+json', '.c1']) {
      const error = await show
        .call(globalThis, { types: pickerTypesOf(accept) })
        .catch((reason: unknown) => reason as Error);
      // an invalid list would cause a TypeError; here only the user gesture is missing
      expect((error as Error).name, accept).to.be.oneOf(['NotAllowedError', 'SecurityError', 'AbortError']);
    }
  });
});
