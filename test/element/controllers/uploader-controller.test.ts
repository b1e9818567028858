import { expect, fixture, html } from '@open-wc/testing';
import {
  fileOf,
  shadowQuery,
  newScope,
  untilRendered,
  sign,
  createHarness,
  unfinishedRecord,
  until,
} from '../harness.js';

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('UploaderController', () => {
  it('does not pause the uploads of a shared uploader when it is removed; the next element shows them', async () => {
    const { element, uploader, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    element.remove();
    await wait(1_300);
    expect(uploader.status).to.equal('uploading');
    const next = await fixture<typeof element>(html`<mule-upload name="file" .uploader=${uploader}></mule-upload>`);
    await untilRendered(next);
    expect(shadowQuery(next, '[part=item]')!.textContent).to.include('a.txt');
    store.behaviour = 'store';
    await until(() => next.value.length === 1);
  });

  it('continues when the element is moved, pauses when it is removed, and resumes when it is added again', async () => {
    const container = await fixture<HTMLElement>(html`<div><div id="there"></div></div>`);
    const element = document.createElement('mule-upload');
    let rejectSign!: () => void;
    element.recover = 'off';
    element.scope = newScope();
    element.sign = () => new Promise<never>((_, reject) => (rejectSign = () => reject(new Error('later'))));
    container.append(element);
    await element.add([fileOf('a.txt')]);
    await until(() => rejectSign !== undefined);
    container.querySelector('#there')!.append(element);
    await wait(1_300);
    expect(element.uploads[0]!.status).to.equal('starting');
    element.remove();
    await until(() => element.uploads[0]!.status === 'paused');
    let status = '';
    let resumed = 0;
    element.addEventListener('mule-status', ({ detail }) => (status = detail.upload.status));
    element.addEventListener('mule-resume', () => resumed++);
    container.append(element);
    await until(() => element.uploads[0]!.status !== 'paused');
    expect(resumed).to.equal(1);
    expect(status, 'the page is told').to.equal(element.uploads[0]!.status);
    element.abort();
  });

  it('renders once per frame, even after 500 events', async () => {
    const { element, uploader } = await createHarness();
    let renderings = 0;
    const { requestUpdate } = element;
    element.requestUpdate = function (...args: Parameters<typeof requestUpdate>) {
      if (args.length === 0) renderings += 1;
      requestUpdate.apply(this, args);
    };
    for (let count = 0; count < 500; count++)
      uploader.dispatchEvent(new CustomEvent('mule-network', { detail: { online: true } }));
    await untilRendered(element);
    expect(renderings).to.equal(1);
  });

  it('sets states for style sheets', async () => {
    const { element, store } = await createHarness();
    const hasState = (state: string): boolean => element.matches(`:state(${state})`);
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    await until(() => element.status === 'uploading');
    await untilRendered(element);
    expect(hasState('uploading')).to.be.true;
    element.pause();
    await untilRendered(element);
    expect(hasState('paused') && !hasState('uploading')).to.be.true;
    element.resume().catch(() => undefined);
    store.behaviour = 'store';
    await until(() => element.status === 'complete');
    await untilRendered(element);
    expect(hasState('complete')).to.be.true;
  });

  it('asks for the file of an unfinished upload, and rejects another file', async () => {
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {}, [
      unfinishedRecord('film.mov'),
    ]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=status]')!.textContent).to.include('earlier visit');
    expect(shadowQuery(element, '[part=choose]')!.textContent).to.include('Choose the file again');
    expect(shadowQuery(element, '[part=percent], [role=progressbar]'), 'no progress of 0 %').to.be.null;
    const input = shadowQuery<HTMLInputElement>(element, 'input')!;
    input.addEventListener('click', (event) => event.preventDefault());
    shadowQuery(element, '[part=choose]')!.click();
    const transfer = new DataTransfer();
    transfer.items.add(fileOf('other.mov'));
    input.files = transfer.files;
    input.dispatchEvent(new Event('change'));
    await until(() => shadowQuery(element, '[part=messages]') !== null);
    expect(shadowQuery(element, '[part=messages]')!.textContent)
      .to.include('“film.mov”')
      .and.include('is another file');
    expect(element.uploads.map(({ status }) => status)).to.deep.equal(['needs-file']);
  });

  it('applies options that change later', async () => {
    const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
      html`<mule-upload recover="off" no-autostart></mule-upload>`,
    );
    element.sign = sign;
    await element.add([fileOf('a.txt')]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=resume]')!.getAttribute('aria-label')).to.equal('Start a.txt');
    expect(element.uploads[0]!.status).to.equal('queued');
    element.abort();
  });
});
