import { expect, html } from '@open-wc/testing';
import { pickerTypesOf } from '../../../src/element/input/picker.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, shadowQuery, createHarness, unfinishedRecord, until } from '../harness.js';

interface PickerOptions {
  multiple: boolean;
  types?: { accept: Record<string, string[]> }[];
}

const handleOf = (file: File): FileSystemFileHandle =>
  ({ kind: 'file', name: file.name, getFile: () => Promise.resolve(file) }) as unknown as FileSystemFileHandle;

/** Replaces Chromium's picker during `work`, as in a user gesture. @returns the options of its calls, and the clicks on the input */
async function withPicker(
  element: MuleUploadElement,
  answer: (options: PickerOptions) => Promise<FileSystemFileHandle[]>,
  work: () => Promise<void> | void,
  isDriven = false,
): Promise<{ calls: PickerOptions[]; clicks: number }> {
  const calls: PickerOptions[] = [];
  let clicks = 0;
  const click = (event: Event): void => {
    clicks += 1;
    event.preventDefault();
  };
  shadowQuery(element, 'input')!.addEventListener('click', click);
  const original = Object.getOwnPropertyDescriptor(globalThis, 'showOpenFilePicker');
  const showPicker = (options: PickerOptions): Promise<FileSystemFileHandle[]> => {
    calls.push(options);
    return answer(options);
  };
  Object.defineProperty(globalThis, 'showOpenFilePicker', { value: showPicker, configurable: true });
  Object.defineProperty(navigator, 'userActivation', { value: { isActive: true }, configurable: true });
  // the browser of this test is driven, too
  Object.defineProperty(navigator, 'webdriver', { value: isDriven, configurable: true });
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { calls, clicks };
  } finally {
    Reflect.deleteProperty(navigator, 'userActivation');
    Reflect.deleteProperty(navigator, 'webdriver');
    if (original) Object.defineProperty(globalThis, 'showOpenFilePicker', original);
    else Reflect.deleteProperty(globalThis, 'showOpenFilePicker');
    shadowQuery(element, 'input')!.removeEventListener('click', click);
  }
}

const rejectWith = (name: string) => (): Promise<never> =>
  Promise.reject(name === 'TypeError' ? new TypeError('bad list') : new DOMException('no', name));

describe('the picker that returns file handles', () => {
  it('is opened by the button with the accept list, and its files are uploaded', async () => {
    const { element } = await createHarness(html`<mule-upload multiple accept=".mov, image/*"></mule-upload>`);
    const { calls, clicks } = await withPicker(
      element,
      () => Promise.resolve([handleOf(fileOf('a.mov')), handleOf(fileOf('b.mov'))]),
      () => shadowQuery(element, '[part=button]')!.click(),
    );
    expect(calls).to.deep.equal([
      { multiple: true, types: [{ accept: { 'application/octet-stream': ['.mov'], 'image/*': [] } }] },
    ]);
    expect(clicks).to.equal(0);
    await until(() => element.uploads.length === 2);
  });

  it('rejects a file that is not the one of the upload whose button was pressed', async () => {
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinishedRecord('film.mov'),
    ]);
    const { calls } = await withPicker(
      element,
      () => Promise.resolve([handleOf(fileOf('other.mov'))]),
      () => shadowQuery(element, '[part=choose]')!.click(),
    );
    expect(calls).to.deep.equal([{ multiple: false }]);
    await until(() => shadowQuery(element, '[part=messages]') !== null);
    const text = shadowQuery(element, '[part=messages]')!.textContent;
    expect(text, 'names the expected file').to.include('film.mov');
    expect(element.uploads.map(({ name, status }) => [name, status])).to.deep.equal([['film.mov', 'needs-file']]);
  });

  it('shows no message when the user cancels', async () => {
    const { element } = await createHarness();
    const { clicks } = await withPicker(element, rejectWith('AbortError'), () => element.browse());
    expect(clicks).to.equal(0);
    expect(shadowQuery(element, '[part=messages]')).to.equal(null);
  });

  it('is replaced by the file input if it is blocked, and opened without types if it rejects the accept list', async () => {
    const { element } = await createHarness(html`<mule-upload accept=".mov"></mule-upload>`);
    const blocked = await withPicker(element, rejectWith('SecurityError'), () => element.browse());
    expect([blocked.calls.length, blocked.clicks]).to.deep.equal([1, 1]);
    const strict = await withPicker(
      element,
      ({ types }) => (types ? rejectWith('TypeError')() : Promise.resolve([])),
      () => element.browse(),
    );
    expect(strict.calls.map(({ types }) => Boolean(types))).to.deep.equal([true, false]);
    expect(strict.clicks).to.equal(0);
  });

  it('is not used for folders, for a camera, with picker="input", or without a gesture', async () => {
    for (const markup of [
      html`<mule-upload directory></mule-upload>`,
      html`<mule-upload capture="user"></mule-upload>`,
      html`<mule-upload picker="input"></mule-upload>`,
    ]) {
      const { element } = await createHarness(markup);
      const { calls, clicks } = await withPicker(element, rejectWith('AbortError'), () => element.browse());
      expect([calls.length, clicks]).to.deep.equal([0, 1]);
    }
    const { element } = await createHarness();
    const { calls, clicks } = await withPicker(element, rejectWith('AbortError'), () => {
      Object.defineProperty(navigator, 'userActivation', { value: { isActive: false }, configurable: true });
      element.browse();
    });
    expect([calls.length, clicks]).to.deep.equal([0, 1]);
  });

  it('is not used in a browser that a test drives, whose driver handles only inputs', async () => {
    const { element } = await createHarness();
    const { calls, clicks } = await withPicker(element, rejectWith('AbortError'), () => element.browse(), true);
    expect([calls.length, clicks]).to.deep.equal([0, 1]);
  });

  it('is opened only once if the button is pressed twice', async () => {
    const { element } = await createHarness();
    let pick!: (handles: FileSystemFileHandle[]) => void;
    const { calls } = await withPicker(
      element,
      () => new Promise((resolve) => (pick = resolve)),
      () => {
        element.browse();
        element.browse();
      },
    );
    expect(calls).to.have.length(1);
    pick([handleOf(fileOf('a.txt'))]);
    await until(() => element.uploads.length === 1);
  });
});

describe('pickerTypesOf', () => {
  it('converts extensions and MIME types, or returns undefined if it cannot convert one of them', () => {
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
      // an invalid list would cause a TypeError; a valid one fails only because there is no user gesture
      expect((error as Error).name, accept).to.be.oneOf(['NotAllowedError', 'SecurityError', 'AbortError']);
    }
  });
});
