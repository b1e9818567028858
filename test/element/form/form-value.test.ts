import { expect, fixture, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, heard, inside, rendered, harness, until, type Harness } from '../harness.js';

interface FormHarness extends Harness {
  form: HTMLFormElement;
  native: HTMLInputElement;
}

/** The element beside a built-in file input in one form; what the input does is what is expected. */
async function formHarness(): Promise<FormHarness> {
  const markup = html`<form>
    <fieldset>
      <label for="ours">Ours</label>
      <mule-upload id="ours" name="ours" required multiple></mule-upload>
      <input type="file" name="native" required multiple />
    </fieldset>
  </form>`;
  const made = await harness(markup);
  const form = made.element.form!;
  return { ...made, form, native: form.querySelector<HTMLInputElement>('input')! };
}

function choose(native: HTMLInputElement): void {
  const transfer = new DataTransfer();
  transfer.items.add(fileOf('n.txt'));
  native.files = transfer.files;
}

describe('form control', () => {
  it('belongs to its form and to its labels as a built-in control does', async () => {
    const { element, form, native } = await formHarness();
    expect(element.form).to.equal(native.form);
    expect([...form.elements]).to.include(element);
    expect(element.labels[0]).to.equal(form.querySelector('label'));
  });

  it('is found by its name, and belongs to the form that its form attribute names', async () => {
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

  it('is labelled by a label around it, whose click opens the picker', async () => {
    const root = await fixture<HTMLElement>(
      html`<div>
        <label>Ours <mule-upload></mule-upload></label><label>Native <input type="file" /></label>
      </div>`,
    );
    const element = root.querySelector('mule-upload')!;
    const native = root.querySelector('input')!;
    const clicked: string[] = [];
    for (const [name, input] of [
      ['ours', inside(element, 'input')!],
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

  it('is missing a value until something is stored', async () => {
    const { element, native, form } = await formHarness();
    for (const control of [element, native]) {
      expect(control.willValidate).to.be.true;
      expect(control.validity.valueMissing).to.be.true;
      expect(control.checkValidity()).to.be.false;
      expect(control.validationMessage).to.not.be.empty;
    }
    const invalid = heard(element, 'invalid');
    expect(form.checkValidity()).to.be.false;
    await invalid;
    choose(native);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    for (const control of [element, native]) expect(control.checkValidity()).to.be.true;
    expect(form.checkValidity()).to.be.true;
  });

  it('holds the form up while an upload runs or is paused, and says so', async () => {
    const { element, store } = await formHarness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt')]);
    expect(element.validity.customError).to.be.true;
    expect(element.validationMessage).to.include('wait');
    element.pause();
    expect(element.validity.customError).to.be.true;
    expect(element.validationMessage).to.include('resume').and.not.include('wait');
    element.abort();
    expect(element.validity.customError).to.be.false;
  });

  it('follows required and disabled at once', async () => {
    const { element, native, form } = await formHarness();
    const check = (): boolean[] => [element, native].map((control) => control.checkValidity());
    element.required = native.required = false;
    expect(check()).to.deep.equal([true, true]);
    element.required = native.required = true;
    expect(check()).to.deep.equal([false, false]);
    form.querySelector('fieldset')!.disabled = true;
    expect([element, native].map((control) => control.willValidate)).to.deep.equal([false, false]);
    expect([element, native].map((control) => control.matches(':disabled'))).to.deep.equal([true, true]);
    await rendered(element);
    expect(inside<HTMLButtonElement>(element, '[part=button]')!.disabled).to.be.true;
  });

  it('is spared by a disabled fieldset within its first legend, as a built-in control is', async () => {
    const form = await fixture(
      html`<form>
        <fieldset disabled>
          <legend><mule-upload required></mule-upload><input type="file" required /></legend>
          <mule-upload required></mule-upload><input type="file" required />
        </fieldset>
      </form>`,
    );
    const of = <K extends keyof MuleUploadElement & keyof HTMLInputElement>(
      selector: string,
      name: K,
    ): (MuleUploadElement | HTMLInputElement)[K][] =>
      [...form.querySelectorAll<MuleUploadElement | HTMLInputElement>(selector)].map((control) => control[name]);
    expect(of('mule-upload', 'willValidate')).to.deep.equal([true, false]);
    expect(of('mule-upload', 'willValidate')).to.deep.equal(of('input', 'willValidate'));
    for (const state of [':disabled', ':enabled', ':invalid'])
      expect(
        [...form.querySelectorAll('mule-upload')].map((control) => control.matches(state)),
        state,
      ).to.deep.equal([...form.querySelectorAll('input')].map((control) => control.matches(state)));
  });

  it('leaves it to a page that says so itself what is missing', async () => {
    const { element, native, form } = await formHarness();
    const said: EventTarget[] = [];
    for (const control of [element, native])
      control.addEventListener('invalid', (event) => {
        event.preventDefault();
        said.push(control);
      });
    expect(form.reportValidity()).to.be.false;
    expect(document.activeElement).to.equal(document.body);
    expect(said).to.deep.equal([element, native]);
  });

  it('is matched by :invalid and :valid', async () => {
    const { element, native } = await formHarness();
    const matched = (state: string): boolean[] => [element, native].map((control) => control.matches(state));
    expect(matched(':invalid')).to.deep.equal([true, true]);
    element.value = ['old/a.png'];
    choose(native);
    expect(matched(':valid')).to.deep.equal([true, true]);
  });

  it('brings its entries to formdata, among the others in the order of the page', async () => {
    const { element, native, form } = await formHarness();
    element.value = ['old/a.png', 'old/b.png'];
    choose(native);
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

  it('submits an entry for each upload, none without a name, none while disabled', async () => {
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

  it('submits in the order of the list, whatever was done first, after what was stored before', async () => {
    const { element, form, store } = await formHarness();
    element.value = ['old/z.png'];
    store.answer = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.status === 'uploading');
    element.pause(element.uploads[0]!.id);
    store.answer = 'store';
    await until(() => element.value.length === 2);
    await element.resume();
    await until(() => element.value.length === 3);
    expect(element.value).to.deep.equal(['old/z.png', 'keys/a.txt', 'keys/b.txt']);
    expect(new FormData(form).getAll('ours')).to.deep.equal(element.value);
  });

  it('is emptied by reset, as a built-in control is, and stops what runs', async () => {
    const { element, form, native, store } = await formHarness();
    choose(native);
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    store.answer = 'hold';
    await element.add([fileOf('b.txt')]);
    form.reset();
    expect(native.files).to.be.empty;
    expect(element.value).to.deep.equal([]);
    expect(element.uploads).to.be.empty;
    expect(element.validity.valueMissing).to.equal(native.validity.valueMissing);
    await rendered(element);
    for (const region of ['status', 'alert']) expect(inside(element, `[role=${region}]`)!.textContent).to.equal('');
  });

  it('adopts keys already stored, and lets them be taken off', async () => {
    const { element, form } = await formHarness();
    const changes: string[] = [];
    element.addEventListener('change', () => changes.push(element.value.join()));
    element.value = ['old/one.png', 'old/two.png'];
    expect(new FormData(form).getAll('ours')).to.deep.equal(['old/one.png', 'old/two.png']);
    expect(element.validity.valid).to.be.true;
    await rendered(element);
    expect(inside(element, '[part=list]')!.textContent).to.include('one.png');
    inside(element, '[aria-label*="one.png"]')!.click();
    expect(element.value).to.deep.equal(['old/two.png']);
    expect(changes, 'only what the reader did is told').to.deep.equal(['old/two.png']);
    element.value = [];
    expect(element.validity.valueMissing).to.be.true;
  });

  it('takes a key off with its upload', async () => {
    const { element } = await formHarness();
    await element.add([fileOf('a.txt')]);
    await until(() => element.value.length === 1);
    element.dismiss(element.uploads[0]!.id);
    expect(element.value).to.deep.equal([]);
  });

  it('comes back with the values that the browser kept', async () => {
    const { element } = await formHarness();
    element.formStateRestoreCallback('["kept/a.txt"]');
    expect(element.value).to.deep.equal(['kept/a.txt']);
    element.formStateRestoreCallback('no list');
    expect(element.value).to.deep.equal([]);
  });

  it('takes a message of the page’s own, as a built-in control does', async () => {
    const { element, native } = await formHarness();
    element.value = ['a'];
    choose(native);
    for (const control of [element, native]) {
      control.setCustomValidity('Not this one');
      expect(control.validationMessage).to.equal('Not this one');
      expect(control.validity.customError && !control.validity.valid).to.be.true;
      control.setCustomValidity('');
      expect(control.checkValidity()).to.be.true;
      expect(control.validationMessage).to.equal('');
    }
  });

  it('takes what frameworks set that bind text fields: nothing, a bare key, an empty text', () => {
    const element = document.createElement('mule-upload') as Omit<MuleUploadElement, 'value'> & { value: unknown };
    for (const [given, read] of [
      ['old/a.png', ['old/a.png']],
      ['', []],
      [['old/b.png'], ['old/b.png']],
      [undefined, []],
      [null, []],
    ] as const) {
      element.value = given;
      expect(element.value).to.deep.equal(read);
    }
  });
});
