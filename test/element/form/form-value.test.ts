import { expect, fixture, html } from '@open-wc/testing';
import type { MuleUploadElement, StoredFile } from '../../../src/index.js';
import type { SignFunction } from '../../../src/engine/index.js';
import { fileOf, nextEvent, shadowQuery, untilRendered, createHarness, sign, until, type Harness } from '../harness.js';

interface FormHarness extends Harness {
  form: HTMLFormElement;
  native: HTMLInputElement;
}

/** Creates the element beside a native file input in a form, so that a test can compare them. */
async function formHarness(): Promise<FormHarness> {
  const markup = html`<form>
    <fieldset>
      <label for="ours">Ours</label>
      <mule-upload id="ours" name="ours" required multiple></mule-upload>
      <input type="file" name="native" required multiple />
    </fieldset>
  </form>`;
  const created = await createHarness(markup);
  const form = created.element.form!;
  return { ...created, form, native: form.querySelector<HTMLInputElement>('input')! };
}

function chooseFile(native: HTMLInputElement): void {
  const transfer = new DataTransfer();
  transfer.items.add(fileOf('n.txt'));
  native.files = transfer.files;
}

describe('form control', () => {
  it('has a form and labels, as a native control', async () => {
    const { element, form, native } = await formHarness();
    expect(element.form).to.equal(native.form);
    expect([...form.elements]).to.include(element);
    expect(element.labels[0]).to.equal(form.querySelector('label'));
  });

  it('is found by its name in the form, and belongs to the form that its form attribute names', async () => {
    const { element, native, form } = await formHarness();
    expect(form.elements.namedItem('ours')).to.equal(element);
    expect(form.elements.namedItem('native')).to.equal(native);
    const outside = await fixture<HTMLElement>(html`<div><form id="far"></form></div>`);
    for (const control of [element, native]) {
      control.setAttribute('form', 'far');
      expect(control.form).to.equal(outside.firstElementChild);
      outside.append(control);
      control.removeAttribute('form');
      expect(control.form).to.be.null;
      expect([...form.elements]).to.not.include(control);
    }
  });

  it('is labelled by a label around it, and opens the picker when the label is clicked', async () => {
    const root = await fixture<HTMLElement>(
      html`<div>
        <label>Ours <mule-upload></mule-upload></label><label>Native <input type="file" /></label>
      </div>`,
    );
    const element = root.querySelector('mule-upload')!;
    const native = root.querySelector('input')!;
    const clicked: string[] = [];
    for (const [name, input] of [
      ['ours', shadowQuery(element, 'input')!],
      ['native', native],
    ] as const)
      input.addEventListener('click', (event) => {
        clicked.push(name);
        event.preventDefault();
      });
    for (const control of [element, native]) {
      expect(control.labels![0]).to.equal(control.parentElement);
      control.parentElement!.click();
    }
    expect(clicked).to.deep.equal(['ours', 'native']);
  });

  it('has valueMissing until an upload is complete', async () => {
    const { element, native, form } = await formHarness();
    for (const control of [element, native]) {
      expect(control.willValidate).to.be.true;
      expect(control.validity.valueMissing).to.be.true;
      expect(control.checkValidity()).to.be.false;
      expect(control.validationMessage).to.not.be.empty;
    }
    const invalid = nextEvent(element, 'invalid');
    expect(form.checkValidity()).to.be.false;
    await invalid;
    chooseFile(native);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    for (const control of [element, native]) expect(control.checkValidity()).to.be.true;
    expect(form.checkValidity()).to.be.true;
  });

  it('is invalid while an upload is in progress or paused, with a message', async () => {
    const { element, store } = await formHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt')]);
    expect(element.validity.customError).to.be.true;
    expect(element.validationMessage).to.include('wait');
    element.pause();
    expect(element.validity.customError).to.be.true;
    expect(element.validationMessage).to.include('resume').and.not.include('wait');
    element.abort();
    expect(element.validity.customError).to.be.false;
  });

  it('applies changes of required and disabled synchronously', async () => {
    const { element, native, form } = await formHarness();
    const check = (): boolean[] => [element, native].map((control) => control.checkValidity());
    element.required = native.required = false;
    expect(check()).to.deep.equal([true, true]);
    element.required = native.required = true;
    expect(check()).to.deep.equal([false, false]);
    form.querySelector('fieldset')!.disabled = true;
    expect([element, native].map((control) => control.willValidate)).to.deep.equal([false, false]);
    expect([element, native].map((control) => control.matches(':disabled'))).to.deep.equal([true, true]);
    await untilRendered(element);
    expect(shadowQuery<HTMLButtonElement>(element, '[part=button]')!.disabled).to.be.true;
  });

  it('is enabled in the first legend of a disabled fieldset, as a native control', async () => {
    const form = await fixture(
      html`<form>
        <fieldset disabled>
          <legend><mule-upload required></mule-upload><input type="file" required /></legend>
          <mule-upload required></mule-upload><input type="file" required />
        </fieldset>
      </form>`,
    );
    const valuesOf = <K extends keyof MuleUploadElement & keyof HTMLInputElement>(
      selector: string,
      name: K,
    ): (MuleUploadElement | HTMLInputElement)[K][] =>
      [...form.querySelectorAll<MuleUploadElement | HTMLInputElement>(selector)].map((control) => control[name]);
    expect(valuesOf('mule-upload', 'willValidate')).to.deep.equal([true, false]);
    expect(valuesOf('mule-upload', 'willValidate')).to.deep.equal(valuesOf('input', 'willValidate'));
    for (const state of [':disabled', ':enabled', ':invalid'])
      expect(
        [...form.querySelectorAll('mule-upload')].map((control) => control.matches(state)),
        state,
      ).to.deep.equal([...form.querySelectorAll('input')].map((control) => control.matches(state)));
  });

  it('lets the page show the validation message', async () => {
    const { element, native, form } = await formHarness();
    const invalidControls: EventTarget[] = [];
    for (const control of [element, native])
      control.addEventListener('invalid', (event) => {
        event.preventDefault();
        invalidControls.push(control);
      });
    expect(form.reportValidity()).to.be.false;
    expect(document.activeElement).to.equal(document.body);
    expect(invalidControls).to.deep.equal([element, native]);
  });

  it('matches :invalid and :valid', async () => {
    const { element, native } = await formHarness();
    const matched = (state: string): boolean[] => [element, native].map((control) => control.matches(state));
    expect(matched(':invalid')).to.deep.equal([true, true]);
    element.value = ['old/a.png'];
    chooseFile(native);
    expect(matched(':valid')).to.deep.equal([true, true]);
  });

  it('adds its entries to formdata, in document order', async () => {
    const { element, native, form } = await formHarness();
    element.value = ['old/a.png', 'old/b.png'];
    chooseFile(native);
    let entries: [string, unknown][] = [];
    form.addEventListener('formdata', ({ formData }) => {
      entries = [...formData].map(([name, value]) => [name, value instanceof File ? value.name : value]);
      formData.append('more', 'from the page');
    });
    expect(new FormData(form).get('more')).to.equal('from the page');
    expect(entries).to.deep.equal([
      ['ours', 'old/a.png'],
      ['ours', 'old/b.png'],
      ['native', 'n.txt'],
    ]);
  });

  it('submits an entry for each upload; none without a name or while disabled', async () => {
    const { element, form } = await formHarness();
    const entries = (): unknown[] => new FormData(form).getAll('ours');
    expect(entries()).to.deep.equal([]);
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.value.length === 2);
    expect(entries()).to.have.members(['keys/a.txt', 'keys/b.txt']);
    element.disabled = true;
    expect(entries()).to.deep.equal([]);
    element.disabled = false;
    element.name = '';
    expect([...new FormData(form).keys()])
      .to.not.include('ours')
      .and.not.include('');
  });

  it('submits in list order, after keys that the page has set', async () => {
    const { element, form, store } = await formHarness();
    element.value = ['old/z.png'];
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.status === 'uploading');
    element.pause(element.uploads[0]!.id);
    store.behaviour = 'store';
    await until(() => element.value.length === 2);
    await element.resume();
    await until(() => element.value.length === 3);
    expect(element.value).to.deep.equal(['old/z.png', 'keys/a.txt', 'keys/b.txt']);
    expect(new FormData(form).getAll('ours')).to.deep.equal(element.value);
  });

  it('is cleared by reset, as a native control, and aborts uploads', async () => {
    const { element, form, native, store } = await formHarness();
    chooseFile(native);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    store.behaviour = 'hold';
    await element.add([fileOf('b.txt')]);
    form.reset();
    expect(native.files).to.be.empty;
    expect(element.value).to.deep.equal([]);
    expect(element.uploads).to.be.empty;
    expect(element.validity.valueMissing).to.equal(native.validity.valueMissing);
    await untilRendered(element);
    for (const region of ['status', 'alert'])
      expect(shadowQuery(element, `[role=${region}]`)!.textContent).to.equal('');
  });

  it('shows keys that the page has set, and lets the user remove them', async () => {
    const { element, form } = await formHarness();
    const changes: string[] = [];
    element.addEventListener('change', () => changes.push(element.value.join()));
    element.value = ['old/one.png', 'old/two.png'];
    expect(new FormData(form).getAll('ours')).to.deep.equal(['old/one.png', 'old/two.png']);
    expect(element.validity.valid).to.be.true;
    await untilRendered(element);
    expect(shadowQuery(element, '[part=list]')!.textContent).to.include('one.png');
    shadowQuery(element, '[aria-label*="one.png"]')!.click();
    expect(element.value).to.deep.equal(['old/two.png']);
    expect(changes, 'only changes by the user fire an event').to.deep.equal(['old/two.png']);
    element.value = [];
    expect(element.validity.valueMissing).to.be.true;
  });

  it('shows what the page tells of stored objects, and keeps it when keys alone are assigned', async () => {
    const { element, form } = await formHarness();
    const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';
    element.value = [
      { key: 'old/1', name: 'Contract.pdf', size: 2_500_000, url: '/files/1' },
      { key: 'old/2', name: 'cat.gif', type: 'image/gif', url: pixel },
      'old/3.txt',
    ];
    await untilRendered(element);
    expect(element.value).to.deep.equal(['old/1', 'old/2', 'old/3.txt']);
    expect(new FormData(form).getAll('ours')).to.deep.equal(['old/1', 'old/2', 'old/3.txt']);
    const rows = (): HTMLElement[] => [...element.shadowRoot!.querySelectorAll<HTMLElement>('.row')];
    const namesOf = (): string[] => rows().map((row) => row.querySelector('[part=name] .visually-hidden')!.textContent);
    expect(namesOf()).to.deep.equal(['Contract.pdf', 'cat.gif', '3.txt']);
    expect(rows()[0]!.querySelector('[part=size]')!.textContent).to.equal('2.5 MB');
    expect(rows()[0]!.querySelector('a')!.getAttribute('href')).to.equal('/files/1');
    expect(rows()[1]!.querySelector('img')!.getAttribute('src')).to.equal(pixel);
    await expect(element).to.be.accessible();
    element.value = element.value.filter((key) => key !== 'old/2');
    await untilRendered(element);
    expect(namesOf()).to.deep.equal(['Contract.pdf', '3.txt']);
    element.value = [{ key: 'old/1', name: 'Renamed.pdf' }, 'old/3.txt'];
    await untilRendered(element);
    expect(namesOf(), 'another name of the same key').to.deep.equal(['Renamed.pdf', '3.txt']);
  });

  it('accepts details that are null or of another type, numbers as keys, and the same objects again after a change', async () => {
    const { element } = await formHarness();
    const file: Record<string, unknown> = { key: 17, name: null, size: null, type: null, url: null, thumbnail: null };
    file['self'] = file;
    const files = [file] as unknown as StoredFile[];
    const nameOf = async (): Promise<string> => {
      element.value = files;
      await untilRendered(element);
      return shadowQuery(element, '[part=name] .visually-hidden')!.textContent;
    };
    expect(await nameOf()).to.equal('17');
    expect(element.value).to.deep.equal(['17']);
    expect(shadowQuery(element, '[part=size]')).to.equal(null);
    file['name'] = 42;
    expect(await nameOf()).to.equal('42');
  });

  it('shows a new thumbnail after the former one could not be loaded, and keeps messages when only details change', async () => {
    const { element } = await formHarness();
    const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';
    element.value = [{ key: 'a', thumbnail: 'data:image/gif;base64,AAAA' }];
    await until(() => shadowQuery(element, '.row img')?.hidden === true);
    await element.add([new File([], '')]);
    element.value = [{ key: 'a', thumbnail: pixel }];
    await untilRendered(element);
    expect(shadowQuery(element, '.row img')!.hidden).to.equal(false);
    expect(shadowQuery(element, '[part=messages]')).not.to.equal(null);
  });

  it('opens and shows no URL that could run a script, and ignores an object without a key, with a warning', async () => {
    const { element } = await formHarness();
    const { warn } = console;
    const warnings: unknown[] = [];
    console.warn = (message: unknown) => warnings.push(message);
    try {
      const url = 'javascript:alert(1)';
      element.value = [{ key: 'a', url, thumbnail: url }, { name: 'b' } as StoredFile];
    } finally {
      console.warn = warn;
    }
    await untilRendered(element);
    expect(element.value).to.deep.equal(['a']);
    expect(element.shadowRoot!.querySelectorAll('.row a, .row img')).to.be.empty;
    expect(warnings).to.have.length(1);
  });

  it('keeps the message about a rejected file when a framework assigns the same value again', async () => {
    const { element } = await formHarness();
    element.value = ['old/a.png'];
    await element.add([new File([], '')]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')).not.to.be.null;
    element.value = ['old/a.png'];
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')).not.to.be.null;
    element.value = [];
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]'), 'another value').to.be.null;
  });

  it('counts keys that the page has set for max-files', async () => {
    const { element } = await formHarness();
    element.maxFiles = 3;
    element.value = ['old/a.png', 'old/b.png'];
    const rejected: string[] = [];
    element.addEventListener('mule-reject', ({ detail }) => rejected.push(`${detail.file.name} ${detail.code}`));
    const added = await element.add(['c.txt', 'd.txt'].map((name) => fileOf(name)));
    expect(added.map(({ name }) => name)).to.deep.equal(['c.txt']);
    expect(rejected).to.deep.equal(['d.txt too-many']);
    await until(() => element.value.length === 3);
    element.value = element.value.filter((value) => value !== 'old/a.png');
    expect(await element.add([fileOf('d.txt')])).to.have.length(1);
  });

  it('removes the key of a dismissed upload', async () => {
    const { element } = await formHarness();
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    element.dismiss(element.uploads[0]!.id);
    expect(element.value).to.deep.equal([]);
  });

  it('keeps the value of two uploads with the same key when one of them is dismissed', async () => {
    const signSameKey = (async (action, body) => {
      const answer = (await sign(action, body)) as { files: object[] };
      return { ...answer, files: answer.files.map((file) => ({ ...file, key: 'keys/same' })) };
    }) as SignFunction;
    const { element } = await createHarness(undefined, { sign: signSameKey });
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.uploads.every(({ status }) => status === 'complete'));
    expect(element.value).to.deep.equal(['keys/same']);
    element.dismiss(element.uploads[0]!.id);
    expect(element.value).to.deep.equal(['keys/same']);
    element.dismiss(element.uploads[0]!.id);
    expect(element.value).to.deep.equal([]);
  });

  it('validates while a component around it passes on a button of its own user', async () => {
    const wrapper = await fixture<HTMLElement>(html`<div><button slot="btn">Mine</button></div>`);
    const root = wrapper.attachShadow({ mode: 'open' });
    root.innerHTML = '<mule-upload><slot name="btn" slot="button"></slot></mule-upload>';
    const element = root.querySelector('mule-upload')!;
    await element.updateComplete;
    element.required = true;
    expect(element.checkValidity()).to.be.false;
    element.setCustomValidity('Not this one');
    expect(element.validationMessage).to.equal('Not this one');
  });

  it('restores the keys that the browser has stored', async () => {
    const { element } = await formHarness();
    element.formStateRestoreCallback('["kept/a.txt"]');
    expect(element.value).to.deep.equal(['kept/a.txt']);
    element.formStateRestoreCallback('not a JSON list');
    expect(element.value).to.deep.equal([]);
  });

  it('has setCustomValidity(), as a native control', async () => {
    const { element, native } = await formHarness();
    element.value = ['a'];
    chooseFile(native);
    for (const control of [element, native]) {
      control.setCustomValidity('Not this one');
      expect(control.validationMessage).to.equal('Not this one');
      expect(control.validity.customError && !control.validity.valid).to.be.true;
      control.setCustomValidity('');
      expect(control.checkValidity()).to.be.true;
      expect(control.validationMessage).to.equal('');
    }
  });

  it('accepts as its value what frameworks bind to text fields: null, undefined, one key, an empty string', () => {
    const element = document.createElement('mule-upload') as Omit<MuleUploadElement, 'value'> & { value: unknown };
    for (const [assigned, expected] of [
      ['old/a.png', ['old/a.png']],
      ['', []],
      [['old/b.png'], ['old/b.png']],
      [undefined, []],
      [null, []],
    ] as const) {
      element.value = assigned;
      expect(element.value).to.deep.equal(expected);
    }
  });
});
