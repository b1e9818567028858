import { expect, html } from '@open-wc/testing';
import { fingerprint } from '../../../src/engine/files/fingerprint.js';
import type { FileHandle, JournalRecord, KeptFile } from '../../../src/engine/index.js';
import { fileOf, shadowQuery, untilRendered, createHarness, unfinishedRecord, until } from '../harness.js';

/** Creates a file, and the journal record of its upload, which was queued when the page was closed. */
async function createQueuedUpload(name: string): Promise<{ file: File; record: JournalRecord }> {
  const file = fileOf(name);
  const fileFingerprint = await fingerprint(file);
  return {
    file,
    record: { ...unfinishedRecord(name), uploadId: null, key: null, fingerprint: fileFingerprint, size: file.size },
  };
}

/** Creates a handle whose permission the user has to grant. @param delayMs time until the user answers */
const createHandle = (file: File, answer: PermissionState, delayMs = 0): FileHandle => {
  let state: PermissionState = 'prompt';
  return {
    kind: 'file',
    name: file.name,
    queryPermission: () => Promise.resolve(state),
    requestPermission: async () => {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return (state = answer);
    },
    getFile: () => Promise.resolve(file),
  } as unknown as FileHandle;
};

const panelTextOf = (element: Element): string =>
  shadowQuery(element, '[part=recover]')?.textContent.replace(/\s+/g, ' ').trim() ?? '';
const buttonTextsOf = (element: Element): string[] =>
  [...(shadowQuery(element, '[part=recover]')?.querySelectorAll('button') ?? [])].map((button) =>
    button.textContent.trim(),
  );
const clickButton = (element: Element, text: string): void =>
  [...element.shadowRoot!.querySelectorAll('button')].find((button) => button.textContent.trim() === text)!.click();

describe('an unfinished upload of an earlier page load', () => {
  it('resumes if its file is stored', async () => {
    const { file, record } = await createQueuedUpload('small.txt');
    const { element } = await createHarness(html`<mule-upload></mule-upload>`, {}, [record], { 'small.txt': { file } });
    await until(() => element.status === 'complete');
    expect(element.value).to.deep.equal(['keys/small.txt']);
    await untilRendered(element);
    expect(panelTextOf(element)).to.equal('');
  });

  it('waits for permission until the user clicks in its row or on “Resume all”', async () => {
    const all = await Promise.all(['a.txt', 'b.txt', 'c.txt'].map(createQueuedUpload));
    const kept = Object.fromEntries(
      all.map(({ file }): [string, KeptFile] => [file.name, { handle: createHandle(file, 'granted') }]),
    );
    const records = all.map(({ record }) => record);
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {}, records, kept);
    await until(() => element.uploads.every(({ needsPermission }) => needsPermission));
    await untilRendered(element);
    expect(panelTextOf(element)).to.match(/^3 unfinished uploads from an earlier visit can be resumed/);
    expect(buttonTextsOf(element)).to.deep.equal(['Resume all', 'Discard all']);
    await expect(element).to.be.accessible();
    shadowQuery(element, '[part=resume]')!.click();
    await until(() => element.uploads[0]!.status === 'complete');
    await untilRendered(element);
    expect(panelTextOf(element)).to.match(/^2 unfinished uploads/);
    clickButton(element, 'Resume all');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
    expect(element.value).to.have.length(3);
  });

  it('needs its file if permission is denied', async () => {
    const { file, record } = await createQueuedUpload('a.txt');
    const kept = { 'a.txt': { handle: createHandle(file, 'denied', 300) } };
    const { element } = await createHarness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => shadowQuery(element, '[part=resume]') !== null);
    shadowQuery(element, '[part=resume]')!.click();
    await until(() => shadowQuery(element, '[part=choose]') !== null);
    await untilRendered(element);
    expect(panelTextOf(element), 'the row of a single upload says it').to.equal('');
    expect(shadowQuery(element, '[part=status]')!.textContent).to.equal('Unfinished from an earlier visit');
    expect(shadowQuery(element, '[part=choose]')!.textContent.trim()).to.equal('Choose the file again');
  });

  it('shows an error that names the file if its content has changed', async () => {
    const { record } = await createQueuedUpload('a.txt');
    const kept = { 'a.txt': { file: fileOf('a.txt', 'another content of ') } };
    const { element } = await createHarness(html`<mule-upload></mule-upload>`, {}, [record], kept);
    await until(() => shadowQuery(element, '[part=error]') !== null);
    expect(shadowQuery(element, '[part=error]')!.textContent).to.include('“a.txt” has changed');
    await until(() => shadowQuery(element, '[role=status]')!.textContent.includes('“a.txt” has changed'));
  });

  it('waits for a click with recover="ask", and blocks neither the form nor a new file', async () => {
    const { file, record } = await createQueuedUpload('a.txt');
    const { element } = await createHarness(html`<mule-upload></mule-upload>`, { recover: 'ask' }, [record], {
      'a.txt': { file },
    });
    await until(() => element.uploads[0]?.status === 'paused');
    await untilRendered(element);
    expect(shadowQuery(element, '[part=status]')!.textContent).to.equal('Unfinished from an earlier visit');
    expect(element.checkValidity()).to.equal(true);
    await element.add(fileOf('new.txt'));
    await until(() => element.uploads.some(({ name, status }) => name === 'new.txt' && status === 'complete'));
    expect(element.uploads.find(({ name }) => name === 'a.txt')!.status).to.equal('paused');
    clickButton(element, 'Continue');
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
  });

  it('is removed from the list when discarded', async () => {
    const { element, uploader } = await createHarness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinishedRecord('a.mov'),
      unfinishedRecord('b.mov'),
    ]);
    await untilRendered(element);
    expect(buttonTextsOf(element)).to.deep.equal(['Choose the files', 'Discard all']);
    clickButton(element, 'Discard all');
    await untilRendered(element);
    expect([element.uploads.length, panelTextOf(element)]).to.deep.equal([0, '']);
    expect(uploader.uploads).to.be.empty;
  });

  it('shows no progress while it is unknown', async () => {
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinishedRecord('a.mov'),
      unfinishedRecord('b.mov'),
    ]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=summary]')!.textContent).not.to.match(/0 bytes|0 B/);
    expect(shadowQuery(element, '[part=summary] [role=progressbar]')!.hidden).to.equal(true);
  });
});
