import { expect, fixture, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { fileOf, nextEvent, newScope, sign, createHarness, until, type Harness } from '../harness.js';
import { Uploader } from '../../../src/engine/index.js';

interface Submission {
  submitter: HTMLElement | null;
  keys: unknown[];
}

interface FormHarness extends Harness {
  form: HTMLFormElement;
  submissions: Submission[];
}

/** Creates an element in a form; records and prevents each submission. */
async function formHarness(controls = html`<button name="save">Save</button>`): Promise<FormHarness> {
  const created = await createHarness(
    html`<form><mule-upload name="film" multiple submit-when-done></mule-upload>${controls}</form>`,
  );
  const form = created.element.form!;
  const submissions: Submission[] = [];
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submissions.push({ submitter: event.submitter, keys: new FormData(form).getAll('film') });
  });
  return { ...created, form, submissions };
}

/** Completes the upload of the first element while that of the second is paused. @returns the second element */
async function completeFirst({ element, store, form, submissions }: FormHarness): Promise<MuleUploadElement> {
  const other = form.querySelectorAll('mule-upload')[1]!;
  other.uploader = new Uploader({ sign, checksum: 'none', scope: newScope() }, { transport: store });
  store.behaviour = 'hold';
  await Promise.all([element.add([fileOf('a.txt')]), other.add([fileOf('b.txt')])]);
  await until(() => [element, other].every(({ status }) => status === 'uploading'));
  other.pause();
  store.behaviour = 'store';
  await until(() => element.value.length === 1);
  await settle();
  expect(submissions).to.be.empty;
  return other;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

describe('submit-when-done', () => {
  it('submits the form by its first submit button when all uploads are complete, after the listeners of mule-finish', async () => {
    const { element, form, store, submissions } = await formHarness(
      html`<input name="count" /><button type="button">Not this</button><button name="save">Save</button>`,
    );
    element.addEventListener('mule-finish', ({ detail }) => {
      form.querySelector('input')!.value = String(detail.completed.length);
    });
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    expect(submissions).to.be.empty;
    store.behaviour = 'store';
    await nextEvent(form, 'submit');
    await settle();
    expect(submissions).to.have.length(1);
    expect(submissions[0]!.submitter).to.equal(form.querySelector('[name=save]'));
    expect(submissions[0]!.keys).to.deep.equal(['keys/a.txt', 'keys/b.txt']);
    expect(form.querySelector('input')!.value).to.equal('2');
  });

  it('does not submit without the attribute, while disabled, or if the button is disabled', async () => {
    for (const prevent of [
      (element: MuleUploadElement) => (element.submitWhenDone = false),
      (element: MuleUploadElement) => (element.disabled = true),
      ({ form }: MuleUploadElement) => (form!.querySelector('button')!.disabled = true),
    ]) {
      const { element, submissions } = await formHarness();
      prevent(element);
      await element.add([fileOf('a.txt')]);
      await until(() => element.value.length === 1);
      await settle();
      expect(submissions).to.be.empty;
    }
  });

  it('does not submit while an upload has failed or is paused, or another field is invalid', async () => {
    const { element, store, form, submissions } = await formHarness(html`<input required /><button>Save</button>`);
    let invalidEvents = 0;
    form.querySelector('input')!.addEventListener('invalid', (event) => {
      event.preventDefault();
      invalidEvents += 1;
    });
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), fileOf('b.txt')]);
    await until(() => element.status === 'uploading');
    element.pause(element.uploads[1]!.id);
    store.behaviour = 'store';
    await until(() => element.value.length === 1);
    await settle();
    store.behaviour = 'refuse';
    await element.resume();
    await until(() => element.status === 'failed');
    await settle();
    store.behaviour = 'store';
    element.retry();
    await until(() => element.value.length === 2);
    await settle();
    expect(submissions).to.be.empty;
    expect(invalidEvents, 'invalid events of the other field').to.equal(1);
  });

  it('submits again only after a new upload', async () => {
    const { element, store, form, submissions } = await formHarness();
    await element.add([fileOf('a.txt')]);
    await nextEvent(form, 'submit');
    store.behaviour = 'hold';
    await element.add([fileOf('b.txt')]);
    await until(() => element.status === 'uploading');
    element.abort(element.uploads[1]!.id);
    await settle();
    expect(submissions).to.have.length(1);
    await element.add([fileOf('c.txt')]);
    form.reset();
    await settle();
    expect(submissions).to.have.length(1);
    store.behaviour = 'store';
    await element.add([fileOf('d.txt')]);
    await until(() => submissions.length === 2);
    expect(submissions[1]!.keys).to.deep.equal(['keys/d.txt']);
  });

  it('submits when the uploads of both elements in the form have ended', async () => {
    const created = await formHarness(
      html`<mule-upload name="film" submit-when-done></mule-upload><button>Save</button>`,
    );
    const { form, submissions } = created;
    const other = await completeFirst(created);
    await other.resume();
    await nextEvent(form, 'submit');
    expect(submissions[0]!.keys).to.have.members(['keys/a.txt', 'keys/b.txt']);
  });

  for (const [name, end] of [
    ['is aborted', (other: MuleUploadElement) => other.abort()],
    ['is complete, but the other element lacks the attribute', (other: MuleUploadElement) => void other.resume()],
  ] as const)
    it(`submits when the upload of the other element ${name}`, async () => {
      const created = await formHarness(html`<mule-upload name="film"></mule-upload><button>Save</button>`);
      const { submissions } = created;
      const other = await completeFirst(created);
      end(other);
      await until(() => submissions.length > 0);
      await settle();
      expect(submissions).to.have.length(1);
      expect(submissions[0]!.keys).to.include('keys/a.txt');
    });

  it('does not submit again what the user has submitted', async () => {
    const created = await formHarness(
      html`<mule-upload name="film"></mule-upload><button formnovalidate>Save</button>`,
    );
    const { form, submissions } = created;
    const other = await completeFirst(created);
    form.querySelector('button')!.click();
    expect(submissions).to.have.length(1);
    other.abort();
    await settle();
    expect(submissions).to.have.length(1);
  });

  it('works without a form', async () => {
    const element = await fixture<MuleUploadElement>(html`<mule-upload submit-when-done></mule-upload>`);
    expect(element.form).to.be.null;
    expect(element.submitWhenDone).to.be.true;
  });
});
