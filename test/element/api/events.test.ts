import { expect, fixture, html } from '@open-wc/testing';
import { fileOf, nextEvent, createHarness, until } from '../harness.js';

describe('events', () => {
  it('bubble from the element out of shadow roots', async () => {
    const outer = await fixture<HTMLElement>(html`<div></div>`);
    const host = outer.appendChild(document.createElement('div'));
    host.attachShadow({ mode: 'open' });
    const { uploader } = await createHarness();
    const inner = host.shadowRoot!.appendChild(document.createElement('mule-upload'));
    inner.uploader = uploader;
    const types: string[] = [];
    for (const type of [
      'mule-add',
      'mule-start',
      'mule-status',
      'mule-progress',
      'mule-complete',
      'mule-finish',
    ] as const)
      outer.addEventListener(type, ({ bubbles, composed, cancelable }) => {
        expect({ bubbles, composed, cancelable }).to.deep.equal({ bubbles: true, composed: true, cancelable: false });
        if (!types.includes(type)) types.push(type);
      });
    const finished = nextEvent(outer, 'mule-finish');
    await inner.add([fileOf('a.txt')]);
    await finished;
    expect([...types].sort()).to.deep.equal([
      'mule-add',
      'mule-complete',
      'mule-finish',
      'mule-progress',
      'mule-start',
      'mule-status',
    ]);
  });

  it('mule-before-add lets the page reject a file, on the element or on its uploader', async () => {
    const { element, uploader } = await createHarness();
    const codes: string[] = [];
    element.addEventListener('mule-reject', ({ detail }) => codes.push(detail.code));
    element.addEventListener('mule-before-add', (event) => {
      if (event.detail.file.name === 'a.txt') event.preventDefault();
    });
    uploader.addEventListener('mule-before-add', (event) => {
      if (event.detail.file.name === 'b.txt') event.preventDefault();
    });
    const added = await element.add([fileOf('a.txt'), fileOf('b.txt'), fileOf('c.txt')]);
    expect(added.map(({ name }) => name)).to.deep.equal(['c.txt']);
    expect(codes).to.deep.equal(['cancelled', 'cancelled']);
  });

  it('mule-before-upload lets the page set params, delay the upload, and abort it', async () => {
    const requested: { filename: string; params?: unknown }[] = [];
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {
      sign: (_, body) => {
        requested.push(...(body as { files: { filename: string }[] }).files);
        throw new Error('the test needs no signature');
      },
    });
    element.addEventListener('mule-before-upload', (event) => {
      if (event.detail.upload.name === 'stopped.txt') event.preventDefault();
      event.detail.waitUntil(Promise.resolve().then(() => (event.detail.params['album'] = 7)));
    });
    await element.add([fileOf('stopped.txt')]);
    await until(() => element.uploads[0]!.status === 'aborted');
    await element.add([fileOf('a.txt')]);
    await until(() => requested.length > 0);
    expect(requested.map(({ filename, params }) => [filename, params])).to.deep.equal([['a.txt', { album: 7 }]]);
    element.abort();
  });

  it('mule-before-upload lets the page replace params, also before its promise resolves', async () => {
    const sent: unknown[] = [];
    const { element } = await createHarness(html`<mule-upload multiple></mule-upload>`, {
      sign: (_, body) => {
        sent.push(...(body as { files: { params?: unknown }[] }).files.map((file) => file.params));
        throw new Error('the test needs no signature');
      },
    });
    element.addEventListener('mule-before-upload', ({ detail }) => {
      const params = { title: detail.upload.name };
      if (params.title === 'a.txt') detail.params = params;
      else detail.waitUntil(Promise.resolve().then(() => (detail.params = params)));
    });
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => sent.length > 1);
    expect(sent).to.deep.include({ title: 'a.txt' }).and.deep.include({ title: 'b.txt' });
    element.abort();
  });

  it('mule-complete is fired after the value has changed', async () => {
    const { element } = await createHarness();
    const complete = nextEvent(element, 'mule-complete');
    let valueInListener: readonly string[] = [];
    element.addEventListener('mule-complete', () => (valueInListener = element.value));
    await element.add([fileOf('a.txt')]);
    await complete;
    expect(valueInListener).to.deep.equal(['keys/a.txt']);
  });
});
