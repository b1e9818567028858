import { expect, html } from '@open-wc/testing';
import { fingerprint } from '../../../src/engine/files/fingerprint.js';
import type { FileHandle, JournalRecord, KeptFile } from '../../../src/engine/index.js';
import { fileOf, inside, rendered, harness, unfinished, until } from '../harness.js';

/** A small file's record and what is kept of it: an upload that was in the queue when its page went. */
async function left(name: string): Promise<{ file: File; record: JournalRecord }> {
  const file = fileOf(name);
  const print = await fingerprint(file);
  return { file, record: { ...unfinished(name), uploadId: null, key: null, fingerprint: print, size: file.size } };
}

/** @param delay milliseconds that the user takes to answer */
const handleOn = (file: File, answer: PermissionState, delay = 0): FileHandle => {
  let state: PermissionState = 'prompt';
  return {
    kind: 'file',
    name: file.name,
    queryPermission: () => Promise.resolve(state),
    requestPermission: async () => {
      await new Promise((resolve) => setTimeout(resolve, delay));
      return (state = answer);
    },
    getFile: () => Promise.resolve(file),
  } as unknown as FileHandle;
};

const panelOf = (element: Element): string =>
  inside(element, '[part=recover]')?.textContent.replace(/\s+/g, ' ').trim() ?? '';
const buttonsOf = (element: Element): string[] =>
  [...(inside(element, '[part=recover]')?.querySelectorAll('button') ?? [])].map((button) => button.textContent.trim());
const press = (element: Element, text: string): void =>
  [...element.shadowRoot!.querySelectorAll('button')].find((button) => button.textContent.trim() === text)!.click();

describe('what an earlier visit left', () => {
  it('goes on by itself where the file was kept', async () => {
    const { file, record } = await left('small.txt');
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], { 'small.txt': { file } });
    await until(() => element.status === 'complete');
    expect(element.value).to.deep.equal(['keys/small.txt']);
    await rendered(element);
    expect(panelOf(element)).to.equal('');
  });

  it('waits for one click where the browser asks again, on the row or for all', async () => {
    const all = await Promise.all(['a.txt', 'b.txt', 'c.txt'].map(left));
    const kept = Object.fromEntries(
      all.map(({ file }): [string, KeptFile] => [file.name, { handle: handleOn(file, 'granted') }]),
    );
    const records = all.map(({ record }) => record);
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, records, kept);
    await until(() => element.uploads.every(({ needsPermission }) => needsPermission));
    await rendered(element);
    expect(panelOf(element)).to.match(/^3 uploads of an earlier visit are unfinished and can go on/);
    expect(buttonsOf(element)).to.deep.equal(['Resume all', 'Discard all']);
    await expect(element).to.be.accessible();
    inside(element, '[part=resume]')!.click();
    await until(() => element.uploads[0]!.status === 'complete');
    await rendered(element);
    expect(panelOf(element)).to.match(/^2 uploads/);
    press(element, 'Resume all');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
    expect(element.value).to.have.length(3);
  });

  it('is to be chosen where the user refuses', async () => {
    const { file, record } = await left('a.txt');
    const kept = { 'a.txt': { handle: handleOn(file, 'denied', 300) } };
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => inside(element, '[part=resume]') !== null);
    inside(element, '[part=resume]')!.click();
    await until(() => inside(element, '[part=choose]') !== null);
    await rendered(element);
    expect(buttonsOf(element)).to.deep.equal(['Choose the file', 'Discard']);
    expect(inside(element, '[part=status]')!.textContent).to.equal('Choose the file again to go on');
  });

  it('says which file is wanted where another lies in its place', async () => {
    const { record } = await left('a.txt');
    const kept = { 'a.txt': { file: fileOf('a.txt', 'another one: ') } };
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => inside(element, '[part=error]') !== null);
    expect(inside(element, '[part=error]')!.textContent).to.include('“a.txt” has changed');
    await until(() => inside(element, '[role=status]')!.textContent.includes('“a.txt” has changed'));
  });

  it('waits for a click with recover="ask", and holds up neither forms nor a single new file', async () => {
    const { file, record } = await left('a.txt');
    const { element } = await harness(html`<mule-upload></mule-upload>`, { recover: 'ask' }, [record], {
      'a.txt': { file },
    });
    await until(() => element.uploads[0]?.status === 'paused');
    await rendered(element);
    expect(inside(element, '[part=status]')!.textContent).to.equal('Unfinished from an earlier visit');
    expect(element.checkValidity()).to.equal(true);
    await element.add(fileOf('new.txt'));
    await until(() => element.uploads.some(({ name, status }) => name === 'new.txt' && status === 'complete'));
    expect(element.uploads.find(({ name }) => name === 'a.txt')!.status).to.equal('paused');
    press(element, 'Resume');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  it('is discarded with one click, and gone from the list', async () => {
    const { element, uploader } = await harness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinished('a.mov'),
      unfinished('b.mov'),
    ]);
    await rendered(element);
    expect(buttonsOf(element)).to.deep.equal(['Choose the files', 'Discard all']);
    press(element, 'Discard all');
    await rendered(element);
    expect([element.uploads.length, panelOf(element)]).to.deep.equal([0, '']);
    expect(uploader.uploads).to.be.empty;
  });

  it('counts nothing as done that nobody knows of', async () => {
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinished('a.mov'),
      unfinished('b.mov'),
    ]);
    await rendered(element);
    expect(inside(element, '[part=summary]')!.textContent).not.to.match(/0 bytes|0 B/);
    expect(inside(element, '[part=summary] [role=progressbar]')!.hidden).to.equal(true);
  });
});
