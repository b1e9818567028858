import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement } from '../../../src/index.js';
import { fileOf, inside, newScope, rendered, sign, until } from '../harness.js';

/** Tags of which none is registered yet. */
let last = 0;
const newTag = (): string => `fallback-upload-${++last}`;

/** Markup as a server sends it, with files chosen in the input before there is an element. */
function early(tag: string, content: string): { form: HTMLFormElement; element: MuleUploadElement } {
  const form = document.createElement('form');
  form.innerHTML = `<${tag} name="film" no-autostart recover="off" multiple>${content}</${tag}>`;
  document.body.append(form);
  const transfer = new DataTransfer();
  transfer.items.add(fileOf('a.txt'));
  transfer.items.add(fileOf('b.txt'));
  for (const input of form.querySelectorAll('input')) input.files = transfer.files;
  return { form, element: form.firstElementChild as MuleUploadElement };
}

describe('an <input type=file> between the tags', () => {
  it('serves by itself until the element is there, which then takes it over with its files', async () => {
    const tag = newTag();
    const { form, element } = early(tag, '<input type="file" name="film" multiple>');
    const input = form.querySelector('input')!;
    expect(new FormData(form).getAll('film')).to.have.length(2);
    expect(input.getBoundingClientRect().height).to.be.greaterThan(0);
    MuleUploadElement.define(tag);
    Object.assign(element, { sign, scope: newScope() });
    await until(() => element.uploads.length === 2);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt']);
    expect(new FormData(form).getAll('film'), 'nothing is stored yet, and no file is sent twice').to.be.empty;
    input.style.display = 'block';
    expect(input.getBoundingClientRect().height, 'not shown').to.equal(0);
    expect(input.isConnected).to.be.true;
    await rendered(element);
    expect(inside(element, '[part=dropzone]')!.textContent).to.include('drop them here');
    form.remove();
  });

  it('waits with its files until it is known where they go', async () => {
    const tag = newTag();
    const { form, element } = early(tag, '<p>Choose: <input type="file" name="film" multiple></p>');
    MuleUploadElement.define(tag);
    await rendered(element);
    expect(element.uploads).to.be.empty;
    expect(form.querySelector('input')!.checkVisibility()).to.be.false;
    Object.assign(element, { sign, scope: newScope() });
    await until(() => element.uploads.length === 2);
    form.remove();
  });

  it('is taken over when it comes after the element', async () => {
    const element = await fixture<MuleUploadElement>(html`<mule-upload></mule-upload>`);
    const input = Object.assign(document.createElement('input'), { type: 'file' });
    element.append(input);
    await until(() => input.disabled);
    expect(input.slot).to.not.equal('');
  });
});

describe('a shadow tree that a server has rendered', () => {
  it('gives way to one rendering here, and hands over what was chosen in it', async () => {
    const tag = newTag();
    const element = document.createElement(tag) as MuleUploadElement;
    const root = element.attachShadow({ mode: 'open', delegatesFocus: true });
    root.innerHTML = '<p>of the server</p><button part="button">Choose</button><input type="file">';
    document.body.append(element);
    const transfer = new DataTransfer();
    transfer.items.add(fileOf('a.txt'));
    root.querySelector('input')!.files = transfer.files;
    element.setAttribute('no-autostart', '');
    MuleUploadElement.define(tag);
    Object.assign(element, { sign, scope: newScope(), recover: 'off' });
    await until(() => element.uploads.length === 1);
    expect(element.shadowRoot).to.equal(root);
    expect(root.querySelector('p')).to.be.null;
    expect(root.querySelectorAll('[part=button]')).to.have.length(1);
    expect(getComputedStyle(element).display, 'its styles are in').to.equal('block');
    element.remove();
  });
});
