import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement } from '../../../src/index.js';
import { fileOf, shadowQuery, newScope, untilRendered, sign, until } from '../harness.js';

let tagCount = 0;
/** Returns a tag name that no other test defines. */
const newTag = (): string => `fallback-upload-${++tagCount}`;

/** Adds markup as a server sends it, and chooses files before the element is defined. */
function addUndefinedElement(tag: string, content: string): { form: HTMLFormElement; element: MuleUploadElement } {
  const form = document.createElement('form');
  form.innerHTML = `<${tag} name="film" no-autostart recover="off" multiple>${content}</${tag}>`;
  document.body.append(form);
  const transfer = new DataTransfer();
  transfer.items.add(fileOf('a.txt'));
  transfer.items.add(fileOf('b.txt'));
  for (const input of form.querySelectorAll('input')) input.files = transfer.files;
  return { form, element: form.firstElementChild as MuleUploadElement };
}

describe('a slotted <input type=file>', () => {
  it('works without scripts; the element then replaces it and uploads its files', async () => {
    const tag = newTag();
    const { form, element } = addUndefinedElement(tag, '<input type="file" name="film" multiple>');
    const input = form.querySelector('input')!;
    expect(new FormData(form).getAll('film')).to.have.length(2);
    expect(input.getBoundingClientRect().height).to.be.greaterThan(0);
    MuleUploadElement.define(tag);
    Object.assign(element, { sign, scope: newScope() });
    await until(() => element.uploads.length === 2);
    expect(element.uploads.map(({ name }) => name)).to.deep.equal(['a.txt', 'b.txt']);
    expect(new FormData(form).getAll('film'), 'nothing is stored yet, and the form does not submit the files').to.be
      .empty;
    input.style.display = 'block';
    expect(input.getBoundingClientRect().height, 'the input is not shown').to.equal(0);
    expect(input.isConnected).to.be.true;
    await untilRendered(element);
    expect(shadowQuery(element, '[part=dropzone]')!.textContent).to.include('drop them here');
    form.remove();
  });

  it('keeps its files until the page sets a signer', async () => {
    const tag = newTag();
    const { form, element } = addUndefinedElement(tag, '<p>Choose: <input type="file" name="film" multiple></p>');
    MuleUploadElement.define(tag);
    await untilRendered(element);
    expect(element.uploads).to.be.empty;
    expect(form.querySelector('input')!.checkVisibility()).to.be.false;
    Object.assign(element, { sign, scope: newScope() });
    await until(() => element.uploads.length === 2);
    form.remove();
  });

  it('is replaced when it is added after the element', async () => {
    const element = await fixture<MuleUploadElement>(html`<mule-upload></mule-upload>`);
    const input = Object.assign(document.createElement('input'), { type: 'file' });
    element.append(input);
    await until(() => input.disabled);
    expect(input.slot).to.not.equal('');
  });
});

describe('a server-rendered shadow tree', () => {
  it('is replaced, and its chosen files are uploaded', async () => {
    const tag = newTag();
    const element = document.createElement(tag) as MuleUploadElement;
    const root = element.attachShadow({ mode: 'open', delegatesFocus: true });
    root.innerHTML = '<p>rendered by the server</p><button part="button">Choose</button><input type="file">';
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
    expect(getComputedStyle(element).display, 'the style sheet of the element applies').to.equal('block');
    element.remove();
  });
});
