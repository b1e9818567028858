import { expect, html } from '@open-wc/testing';
import { fingerprint } from '../../../src/engine/files/fingerprint.js';
import type { FileHandle, JournalRecord, KeptFile } from '../../../src/engine/index.js';
import { fileOf, shadowQuery, rendered, harness, unfinished, until } from '../harness.js';

/** Creates a file and the record of its upload, which was queued when its page was closed. */
async function left(name: string): Promise<{ file: File; record: JournalRecord }> {
  const file = fileOf(name);
  const print = await fingerprint(file);
  return { file, record: { ...unfinished(name), uploadId: null, key: null, fingerprint: print, size: file.size } };
}

/** @param delay milliseconds until the user answers */
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
  shadowQuery(element, '[part=recover]')?.textContent.replace(/\s+/g, ' ').trim() ?? '';
const buttonsOf = (element: Element): string[] =>
  [...(shadowQuery(element, '[part=recover]')?.querySelectorAll('button') ?? [])].map((button) =>
    button.textContent.trim(),
  );
const press = (element: Element, text: string): void =>
  [...element.shadowRoot!.querySelectorAll('button')].find((button) => button.textContent.trim() === text)!.click();

describe('an unfinished upload of an earlier page load', () => {
  it('resumes if the browser has kept its file', async () => {
    const { file, record } = await left('small.txt');
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], { 'small.txt': { file } });
    await until(() => element.status === 'complete');
    expect(element.value).to.deep.equal(['keys/small.txt']);
    await rendered(element);
    expect(panelOf(element)).to.equal('');
  });

  it('waits for a click if permission is needed, on its row or for all', async () => {
    const all = await Promise.all(['a.txt', 'b.txt', 'c.txt'].map(left));
    const kept = Object.fromEntries(
      all.map(({ file }): [string, KeptFile] => [file.name, { handle: handleOn(file, 'granted') }]),
    );
    const records = all.map(({ record }) => record);
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, records, kept);
    await until(() => element.uploads.every(({ needsPermission }) => needsPermission));
    await rendered(element);
    expect(panelOf(element)).to.match(/^3 uploads from an earlier visit are unfinished and can be resumed/);
    expect(buttonsOf(element)).to.deep.equal(['Resume all', 'Discard all']);
    await expect(element).to.be.accessible();
    shadowQuery(element, '[part=resume]')!.click();
    await until(() => element.uploads[0]!.status === 'complete');
    await rendered(element);
    expect(panelOf(element)).to.match(/^2 uploads/);
    press(element, 'Resume all');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
    expect(element.value).to.have.length(3);
  });

  it('needs its file if permission is denied', async () => {
    const { file, record } = await left('a.txt');
    const kept = { 'a.txt': { handle: handleOn(file, 'denied', 300) } };
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => shadowQuery(element, '[part=resume]') !== null);
    shadowQuery(element, '[part=resume]')!.click();
    await until(() => shadowQuery(element, '[part=choose]') !== null);
    await rendered(element);
    expect(buttonsOf(element)).to.deep.equal(['Choose the file', 'Discard']);
    expect(shadowQuery(element, '[part=status]')!.textContent).to.equal('Choose the file again to resume');
  });

  it('names the expected file if it was replaced by another', async () => {
    const { record } = await left('a.txt');
    const kept = { 'a.txt': { file: fileOf('a.txt', 'another one: ') } };
    const { element } = await harness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => shadowQuery(element, '[part=error]') !== null);
    expect(shadowQuery(element, '[part=error]')!.textContent).to.include('“a.txt” has changed');
    await until(() => shadowQuery(element, '[role=status]')!.textContent.includes('“a.txt” has changed'));
  });

  it('waits for a click with recover="ask", and blocks neither the form nor a new file', async () => {
    const { file, record } = await left('a.txt');
    const { element } = await harness(html`<mule-upload></mule-upload>`, { recover: 'ask' }, [record], {
      'a.txt': { file },
    });
    await until(() => element.uploads[0]?.status === 'paused');
    await rendered(element);
    expect(shadowQuery(element, '[part=status]')!.textContent).to.equal('Unfinished from an earlier visit');
    expect(element.checkValidity()).to.equal(true);
    await element.add(fileOf('new.txt'));
    await until(() => element.uploads.some(({ name, status }) => name === 'new.txt' && status === 'complete'));
    expect(element.uploads.find(({ name }) => name === 'a.txt')!.status).to.equal('paused');
    press(element, 'Resume');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  it('is removed from the list when discarded', async () => {
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

  it('shows no progress while it is unknown', async () => {
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinished('a.mov'),
      unfinished('b.mov'),
    ]);
    await rendered(element);
    expect(shadowQuery(element, '[part=summary]')!.textContent).not.to.match(/0 bytes|0 B/);
    expect(shadowQuery(element, '[part=summary] [role=progressbar]')!.hidden).to.equal(true);
  });
});
