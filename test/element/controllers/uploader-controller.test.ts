import { expect, fixture, html } from '@open-wc/testing';
import { fileOf, shadowQuery, newScope, rendered, sign, harness, unfinished, until } from '../harness.js';

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('UploaderController', () => {
  it('shares an uploader, whose uploads continue without the element and show in the next', async () => {
    const { element, uploader, store } = await harness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt')]);
    element.remove();
    await wait(1_300);
    expect(uploader.status).to.equal('uploading');
    const next = await fixture<typeof element>(html`<mule-upload name="file" .uploader=${uploader}></mule-upload>`);
    await rendered(next);
    expect(shadowQuery(next, '[part=item]')!.textContent).to.include('a.txt');
    store.answer = 'store';
    await until(() => next.value.length === 1);
  });

  it('continues when the element is moved, pauses when it is removed, and resumes when it is back', async () => {
    const place = await fixture<HTMLElement>(html`<div><div id="there"></div></div>`);
    const element = document.createElement('mule-upload');
    let ask!: () => void;
    element.recover = 'off';
    element.scope = newScope();
    element.sign = () => new Promise<never>((_, reject) => (ask = () => reject(new Error('later'))));
    place.append(element);
    await element.add([fileOf('a.txt')]);
    await until(() => ask !== undefined);
    place.querySelector('#there')!.append(element);
    await wait(1_300);
    expect(element.uploads[0]!.status).to.equal('starting');
    element.remove();
    await until(() => element.uploads[0]!.status === 'paused');
    place.append(element);
    await until(() => element.uploads[0]!.status !== 'paused');
    element.abort();
  });

  it('renders once per frame, whatever the number of events', async () => {
    const { element, uploader } = await harness();
    let renderings = 0;
    const { requestUpdate } = element;
    element.requestUpdate = function (...args: Parameters<typeof requestUpdate>) {
      if (args.length === 0) renderings += 1;
      requestUpdate.apply(this, args);
    };
    for (let n = 0; n < 500; n++) uploader.dispatchEvent(new CustomEvent('mule-network', { detail: { online: true } }));
    await rendered(element);
    expect(renderings).to.equal(1);
  });

  it('sets states for style sheets', async () => {
    const { element, store, uploader } = await harness();
    const is = (state: string): boolean => element.matches(`:state(${state})`);
    store.answer = 'hold';
    await element.add([fileOf('a.txt')]);
    await until(() => element.status === 'uploading');
    await rendered(element);
    expect(is('uploading')).to.be.true;
    element.pause();
    await rendered(element);
    expect(is('paused') && !is('uploading')).to.be.true;
    uploader.dispatchEvent(new CustomEvent('mule-network', { detail: { online: false } }));
    await rendered(element);
    expect(is('offline')).to.be.true;
    element.resume().catch(() => undefined);
    store.answer = 'store';
    await until(() => element.status === 'complete');
    await rendered(element);
    expect(is('complete')).to.be.true;
  });

  it('asks for the file of an unfinished upload, and rejects another one', async () => {
    const { element } = await harness(html`<mule-upload multiple></mule-upload>`, {}, [unfinished('film.mov')]);
    await rendered(element);
    expect(shadowQuery(element, '[part=recover]')!.textContent).to.include('earlier visit');
    expect(shadowQuery(element, '[part=status]')!.textContent).to.include('Choose the file again');
    expect(shadowQuery(element, '[part=percent], [role=progressbar]'), 'does not claim 0 %').to.be.null;
    const input = shadowQuery<HTMLInputElement>(element, 'input')!;
    input.addEventListener('click', (event) => event.preventDefault());
    shadowQuery(element, '[part=choose]')!.click();
    const transfer = new DataTransfer();
    transfer.items.add(fileOf('other.mov'));
    input.files = transfer.files;
    input.dispatchEvent(new Event('change'));
    await until(() => shadowQuery(element, '[part=messages]') !== null);
    expect(shadowQuery(element, '[part=messages]')!.textContent).to.include('other.mov').and.include('film.mov');
    expect(element.uploads.map(({ status }) => status)).to.deep.equal(['needs-file']);
  });

  it('applies options that change later', async () => {
    const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
      html`<mule-upload recover="off" no-autostart></mule-upload>`,
    );
    element.sign = sign;
    await element.add([fileOf('a.txt')]);
    await rendered(element);
    expect(shadowQuery(element, '[part=resume]')!.getAttribute('aria-label')).to.equal('Start a.txt');
    expect(element.uploads[0]!.status).to.equal('queued');
    element.abort();
  });
});
