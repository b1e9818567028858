import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement } from '../../src/index.js';
import { fingerprint } from '../../src/engine/files/fingerprint.js';
import { fileOf, nextEvent, shadowQuery, untilRendered, createHarness, unfinishedRecord, until } from './harness.js';

describe('<mule-upload>', () => {
  it('contains a file input that follows the attributes', async () => {
    const element = await fixture(html`<mule-upload accept="image/*" multiple capture="user" directory></mule-upload>`);
    const input = shadowQuery<HTMLInputElement>(element, 'input[type=file]')!;
    expect(input.accept).to.equal('image/*');
    expect(input.multiple).to.be.true;
    expect(input.getAttribute('capture')).to.equal('user');
    expect(input.webkitdirectory).to.be.true;
  });

  it('keeps properties that are set before or after it is defined', async () => {
    const tag = 'upgraded-upload';
    const upgraded = document.createElement(tag) as MuleUploadElement;
    const setProperties = (element: MuleUploadElement): void => {
      Object.assign(element, {
        name: 'video',
        multiple: true,
        required: true,
        noAutostart: true,
        value: ['a', 'b'],
        params: { album: 1 },
      });
    };
    setProperties(upgraded);
    document.body.append(upgraded);
    MuleUploadElement.define(tag);
    const createdLater = document.createElement(tag) as MuleUploadElement;
    document.body.append(createdLater);
    setProperties(createdLater);
    await Promise.all([upgraded.updateComplete, createdLater.updateComplete]);
    for (const element of [upgraded, createdLater]) {
      const { name, multiple, required, noAutostart, value, params } = element;
      expect({ name, multiple, required, noAutostart, value, params }).to.deep.equal({
        name: 'video',
        multiple: true,
        required: true,
        noAutostart: true,
        value: ['a', 'b'],
        params: { album: 1 },
      });
      expect(element.validity.valid).to.be.true;
      element.remove();
    }
  });

  it('reflects the properties that <input type=file> reflects, synchronously, and no others', () => {
    const element = document.createElement('mule-upload');
    const input = Object.assign(document.createElement('input'), { type: 'file' });
    for (const [name, value] of Object.entries({
      accept: 'image/*',
      capture: 'user',
      disabled: true,
      multiple: true,
      name: 'n',
      required: true,
    })) {
      Object.assign(input, { [name]: value });
      Object.assign(element, { [name]: value });
      // only browsers on phones have `capture`
      if (name in HTMLInputElement.prototype)
        expect(element.getAttribute(name), name).to.equal(input.getAttribute(name));
    }
    const before = element.attributes.length;
    Object.assign(element, {
      signer: '/sign',
      maxSize: '1GB',
      partSize: '16MiB',
      directory: true,
      noDrop: true,
      checksum: 'none',
      scope: 's',
      objectKey: 'o',
      keepAwake: true,
    });
    expect(element.attributes.length).to.equal(before);
  });

  it('removes an attribute whose property is set to undefined, as frameworks do', () => {
    const element = document.createElement('mule-upload');
    for (const name of ['accept', 'capture', 'name'] as const) {
      element[name] = 'x';
      Object.assign(element, { [name]: undefined });
      expect([element.hasAttribute(name), element[name]], name).to.deep.equal([false, '']);
    }
  });

  it('has no public member that shadows one of HTMLElement', () => {
    const members = new Set<string>();
    for (
      let prototype = MuleUploadElement.prototype as object;
      prototype !== HTMLElement.prototype;
      prototype = Object.getPrototypeOf(prototype) as object
    ) {
      if (!Object.hasOwn(prototype, 'requestUpdate') && prototype.constructor.name !== 'LitElement')
        for (const name of Object.getOwnPropertyNames(prototype)) members.add(name);
    }
    members.delete('constructor');
    const shadowing = [...members].filter((name) => name in HTMLElement.prototype);
    expect(shadowing).to.deep.equal([]);
  });

  it('has a property for each attribute, and no attribute that frameworks reserve', () => {
    const element = document.createElement('mule-upload');
    for (const attribute of MuleUploadElement.observedAttributes) {
      const property = attribute.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const hasProperty = property.toLowerCase() === attribute.replaceAll('-', '') && property in element;
      if (attribute === attribute.toLowerCase() && attribute.includes('-')) expect(hasProperty, attribute).to.be.true;
      expect(['key', 'ref', 'slot', 'is']).to.not.include(attribute);
    }
  });

  it('uploads the files of its input, and fires input and change only when one is stored', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    const fired: string[] = [];
    for (const type of ['input', 'change', 'click'])
      element.addEventListener(type, ({ type: name }) => fired.push(name));
    const input = shadowQuery<HTMLInputElement>(element, 'input[type=file]')!;
    const transfer = new DataTransfer();
    transfer.items.add(fileOf('a.txt'));
    input.files = transfer.files;
    input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
    await nextEvent(element, 'mule-start');
    expect(fired).to.deep.equal([]);
    store.behaviour = 'store';
    await nextEvent(element, 'change');
    expect(fired).to.deep.equal(['input', 'change']);
    expect(element.value).to.deep.equal(['keys/a.txt']);
  });

  it('opens the picker when the user clicks it or its label, as a native control does', async () => {
    const form = await fixture(html`<form><label for="u">Video</label><mule-upload id="u"></mule-upload></form>`);
    const input = shadowQuery<HTMLInputElement>(form.querySelector('mule-upload')!, 'input')!;
    let opened = 0;
    input.addEventListener('click', (event) => {
      opened += 1;
      event.preventDefault();
    });
    form.querySelector('label')!.click();
    form.querySelector('mule-upload')!.click();
    shadowQuery(form.querySelector('mule-upload')!, '[part=button]')!.click();
    expect(opened).to.equal(3);
    form.querySelector('mule-upload')!.disabled = true;
    form.querySelector('mule-upload')!.browse();
    expect(opened).to.equal(3);
  });

  it('opens the picker by a slotted button, and not by slotted links', async () => {
    const element = await fixture(
      html`<mule-upload><button slot="button">Mine</button><a href="#help">Help</a></mule-upload>`,
    );
    let opened = 0;
    shadowQuery(element, 'input')!.addEventListener('click', (event) => {
      opened += 1;
      event.preventDefault();
    });
    element.querySelector('a')!.click();
    expect(opened).to.equal(0);
    element.querySelector('button')!.click();
    expect(opened).to.equal(1);
  });

  it('opens the picker by a slotted component that contains a native button', async () => {
    const element = await fixture(
      html`<mule-upload
        ><div slot="button"></div>
        <span slot="button"><button>Nested</button></span></mule-upload
      >`,
    );
    const component = element.querySelector('div')!;
    component.attachShadow({ mode: 'open' }).innerHTML = '<button>Inside</button>';
    let opened = 0;
    shadowQuery(element, 'input')!.addEventListener('click', (event) => {
      opened += 1;
      event.preventDefault();
    });
    shadowQuery(component, 'button')!.click();
    expect(opened, 'in a shadow root').to.equal(1);
    element.querySelector<HTMLElement>('span > button')!.click();
    expect(opened, 'in a subtree').to.equal(2);
  });

  it('replaces the previous file if it is not multiple', async () => {
    const { element } = await createHarness(html`<mule-upload name="file"></mule-upload>`);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    await element.add([fileOf('b.txt')]);
    await until(() => element.value[0] === 'keys/b.txt');
    expect(element.value).to.deep.equal(['keys/b.txt']);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['b.txt']);
  });

  it('keeps the previous file if the page cancels mule-before-add, or the new one is rejected', async () => {
    const { element } = await createHarness(html`<mule-upload name="file" max-size="100"></mule-upload>`);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    const state = (): unknown[] => [element.value, element.uploads.map(({ name }) => name)];
    const before = state();
    element.addEventListener('mule-before-add', (event) => event.preventDefault(), { once: true });
    await element.add([fileOf('b.txt')]);
    expect(state(), 'cancelled').to.deep.equal(before);
    await element.add([new File(['x'.repeat(101)], 'big.txt')]);
    expect(state(), 'too big').to.deep.equal(before);
    await element.add([fileOf('c.txt'), fileOf('d.txt')]);
    await until(() => element.value.length === 1);
    expect(state(), 'replaced').to.deep.equal([['keys/c.txt'], ['c.txt']]);
  });

  it('keeps the message about a rejected file when another one replaces the previous file', async () => {
    const { element } = await createHarness(html`<mule-upload max-size="100"></mule-upload>`);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    await element.add([new File(['x'.repeat(101)], 'big.txt'), fileOf('b.txt')]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')!.textContent).to.include('big.txt');
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['b.txt']);
  });

  it('fires input and change when a new file clears the value, and not if it was empty', async () => {
    const { element, store } = await createHarness(html`<mule-upload name="file"></mule-upload>`);
    const fired: string[] = [];
    for (const type of ['input', 'change', 'mule-add'])
      element.addEventListener(type, ({ type: name }) => fired.push(`${name} ${element.value.join()}`));
    element.value = ['old/a.txt'];
    store.behaviour = 'hold';
    await element.add([fileOf('b.txt')]);
    expect(fired).to.deep.equal(['input ', 'change ', 'mule-add ']);
    element.abort();
    await element.add([fileOf('c.txt')]);
    expect(fired.slice(3)).to.deep.equal(['mule-add ']);
    element.abort();
  });

  it('replaces the previous file by an unfinished upload whose file is added', async () => {
    const file = fileOf('film.mov');
    const { size, lastModified } = file;
    const facts = { size, lastModified, fingerprint: await fingerprint(file) };
    const record = { ...unfinishedRecord('film.mov'), ...facts };
    const { element } = await createHarness(html`<mule-upload></mule-upload>`, {}, [record]);
    element.value = ['old/a.txt'];
    await element.add([file]);
    expect(element.value).to.not.include('old/a.txt');
    expect(element.uploads.map(({ id }) => id)).to.deep.equal([record.id]);
    element.abort();
  });

  it('has the state offline exactly while the browser is offline, with and without uploads', async () => {
    const setOnline = (isOnline: boolean): void => {
      Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
      globalThis.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
    };
    const isOffline = (element: Element): boolean => element.matches(':state(offline)');
    try {
      setOnline(false);
      const { element, store } = await createHarness();
      expect(isOffline(element), 'at load').to.be.true;
      setOnline(true);
      await untilRendered(element);
      expect(isOffline(element)).to.be.false;
      store.behaviour = 'hold';
      await element.add([fileOf('a.txt')]);
      await until(() => element.status === 'uploading');
      setOnline(false);
      await untilRendered(element);
      expect(isOffline(element), 'during an upload').to.be.true;
      element.abort();
      await untilRendered(element);
      setOnline(true);
      await untilRendered(element);
      expect(isOffline(element), 'after the upload was aborted').to.be.false;
      const { parentElement } = element;
      element.remove();
      setOnline(false);
      parentElement!.append(element);
      await untilRendered(element);
      expect(isOffline(element), 'changed while the element was removed').to.be.true;
    } finally {
      Reflect.deleteProperty(navigator, 'onLine');
      globalThis.dispatchEvent(new Event('online'));
    }
  });

  it('shows why files were not added', async () => {
    const { element } = await createHarness(html`<mule-upload accept=".png" max-size="10kB" multiple></mule-upload>`);
    await element.add([fileOf('a.txt'), new File([new Uint8Array(10_001)], 'big.png')]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')!.textContent).to.include('a.txt').and.include('big.png');
    expect(element.uploads).to.be.empty;
    shadowQuery(element, '[part=messages] button')!.click();
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')).to.be.null;
  });

  it('clears the messages about rejected files when files are added, or the page sets a value', async () => {
    const { element } = await createHarness(html`<mule-upload accept=".png" multiple></mule-upload>`);
    for (const clearMessages of [() => element.add([fileOf('a.png')]), () => (element.value = ['old.png'])]) {
      await element.add([fileOf('a.txt')]);
      await untilRendered(element);
      expect(shadowQuery(element, '[role=alert]')!.textContent).to.include('a.txt');
      await clearMessages();
      await untilRendered(element);
      expect(shadowQuery(element, '[part=messages]')).to.be.null;
      expect(shadowQuery(element, '[role=alert]')!.textContent).to.equal('');
    }
  });

  it('does not count aborted uploads in the totals', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt'), fileOf('c.txt')]);
    element.abort(element.uploads[0]!.id);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=summary]')!.textContent).to.include('0 of 2 files');
    store.behaviour = 'store';
    await until(() => element.status === 'complete');
    await untilRendered(element);
    expect(shadowQuery(element, '[part=summary]')!.textContent)
      .to.include('All 2 files uploaded')
      .and.not.include(' of ');
    expect(shadowQuery(element, '.total')!.hidden).to.be.true;
  });

  it('has buttons whose labels contain the name of the file', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    await until(() => element.status === 'uploading');
    await untilRendered(element);
    const press = async (part: string): Promise<void> => {
      const button = shadowQuery(element, `[part=${part}]`)!;
      expect(button.getAttribute('aria-label')).to.include('a.txt');
      button.click();
      await untilRendered(element);
    };
    await press('pause');
    expect(element.status).to.equal('paused');
    await press('resume');
    await until(() => element.status === 'uploading');
    await press('abort');
    expect(element.uploads[0]!.status).to.equal('aborted');
    await press('dismiss');
    expect(element.uploads).to.be.empty;
  });
});
