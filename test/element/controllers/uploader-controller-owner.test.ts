import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement, Uploader } from '../../../src/index.js';
import type { Action } from '../../../src/protocol.js';
import { fileOf, createHarness, shadowQuery, newScope, appendElement, untilRendered, sign, until } from '../harness.js';

/** Creates an element of the user anna with one upload. Its signer can be held, and names another user. */
async function createWithUser(): Promise<{
  root: HTMLElement;
  first: MuleUploadElement;
  settings: Partial<MuleUploadElement>;
  signer: { principal: string; isHeld: boolean; release: (() => void) | null };
}> {
  const root = await fixture<HTMLElement>(html`<div></div>`);
  const signer = { principal: 'anna', isHeld: false, release: null as (() => void) | null };
  const signWithPrincipal = async (action: Action, body: never) => {
    if (signer.isHeld) await new Promise<void>((resolve) => (signer.release = resolve));
    return { ...((await sign(action, body)) as object), principal: signer.principal };
  };
  const settings: Partial<MuleUploadElement> = {
    sign: signWithPrincipal as never,
    signer: `/${newScope()}`,
    checksum: 'none',
    recover: 'off',
  };
  const first = appendElement(root, settings);
  await first.add([fileOf('a.txt')]);
  await until(() => first.uploads[0]?.key !== null);
  signer.isHeld = true;
  return { root, first, settings, signer };
}

describe('an element that is added after another one was removed', () => {
  it('takes over the unfinished uploads of that element', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = appendElement(root, properties);
    const file = fileOf('a.txt');
    await first.add([file]);
    const { id } = first.uploads[0]!;
    first.remove();
    const recovered: string[] = [];
    root.addEventListener('mule-recover', ({ detail }) => recovered.push(...detail.uploads.map(({ name }) => name)));
    const next = appendElement(root, properties);
    await until(() => next.uploads.length === 1);
    expect(next.uploads[0]!.id).to.equal(id);
    expect(recovered).to.deep.equal(['a.txt']);
    expect(first.uploads).to.be.empty;
    await untilRendered(next);
    expect(shadowQuery(next, '[part=item]')!.textContent).to.include('a.txt');
    next.abort();
  });

  for (const user of ['anna', 'bert']) {
    it(`shows the uploads of anna only after the signer has named the user: ${user}`, async () => {
      const { root, first, settings, signer } = await createWithUser();
      first.remove();
      signer.principal = user;
      const events: string[] = [];
      for (const type of ['mule-recover', 'mule-status', 'mule-pause', 'mule-owner-change'] as const)
        root.addEventListener(type, () => events.push(type));
      const next = appendElement(root, settings);
      await until(() => signer.release !== null);
      await untilRendered(next);
      expect([next.uploads.length, next.status, shadowQuery(next, '[part=item]'), events.length]).to.deep.equal([
        0,
        'idle',
        null,
        0,
      ]);
      signer.isHeld = false;
      signer.release!();
      if (user === 'anna') {
        await until(() => next.uploads.length === 1);
        expect(events).to.include('mule-recover');
      } else {
        await untilRendered(next);
        await untilRendered(next);
        expect([next.uploads.length, events.length]).to.deep.equal([0, 0]);
      }
      next.abort();
    });
  }

  for (const user of ['anna', 'bert']) {
    it(`adds files, with their events, only after the signer has named the user: ${user}`, async () => {
      const { root, first, settings, signer } = await createWithUser();
      first.remove();
      signer.principal = user;
      const next = appendElement(root, { ...settings, accept: '.txt' });
      await until(() => signer.release !== null);
      const events: string[] = [];
      for (const type of ['mule-before-add', 'mule-add', 'mule-reject'] as const)
        next.addEventListener(type, () => events.push(type));
      const transfer = new DataTransfer();
      for (const name of ['b.txt', 'c.png']) transfer.items.add(fileOf(name));
      const adding = next.add(transfer);
      // as after the event of a drop
      transfer.items.clear();
      await untilRendered(next);
      await untilRendered(next);
      expect(events).to.be.empty;
      signer.isHeld = false;
      signer.release!();
      expect((await adding).map(({ name }) => name)).to.deep.equal(['b.txt']);
      expect(events).to.deep.equal(['mule-before-add', 'mule-add', 'mule-before-add', 'mule-reject']);
      next.abort();
    });
  }

  for (const user of ['anna', 'bert']) {
    it(`reports an upload that ends before the signer has named the user: ${user}`, async () => {
      const { root, first, settings, signer } = await createWithUser();
      const { attach } = Uploader.prototype;
      const uploaders: Uploader[] = [];
      Uploader.prototype.attach = function (ids) {
        uploaders.push(this);
        return attach.call(this, ids);
      };
      first.remove();
      signer.principal = user;
      const next = appendElement(root, settings);
      await until(() => signer.release !== null);
      Uploader.prototype.attach = attach;
      const events: string[] = [];
      for (const type of ['mule-complete', 'mule-finish'] as const)
        root.addEventListener(type, ({ target }) => events.push(`${type} ${target === next}`));
      const uploader = uploaders[0]!;
      const upload = { ...uploader.uploads[0]!, status: 'complete' };
      for (const [type, detail] of [
        ['mule-complete', { upload }],
        ['mule-finish', { completed: [upload], failed: [] }],
      ] as const)
        uploader.dispatchEvent(new CustomEvent(type, { detail }));
      expect(events).to.be.empty;
      signer.isHeld = false;
      signer.release!();
      if (user === 'anna') {
        await until(() => next.uploads.length === 1);
        expect(events).to.deep.equal(['mule-complete true', 'mule-finish true']);
      } else {
        await untilRendered(next);
        await untilRendered(next);
        expect(events).to.be.empty;
      }
      next.abort();
    });
  }

  it('aborts hidden uploads when the form is reset before the signer has named the user', async () => {
    const { root, first, settings, signer } = await createWithUser();
    first.remove();
    const next = appendElement(root, settings);
    await until(() => signer.release !== null);
    next.formResetCallback();
    signer.isHeld = false;
    signer.release!();
    // adding waits for the answer
    const added = await next.add([fileOf('b.txt')]);
    expect(next.uploads.map(({ id }) => id)).to.deep.equal(added.map(({ id }) => id));
    next.abort();
  });

  it('resumes uploads that were paused long before, and reports it to the page', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = appendElement(root, properties);
    await first.add([fileOf('a.txt')]);
    first.remove();
    await until(() => first.uploads[0]!.status === 'paused');
    const events: string[] = [];
    for (const type of ['mule-resume', 'mule-recover'] as const) root.addEventListener(type, () => events.push(type));
    let status = '';
    root.addEventListener('mule-status', ({ detail }) => (status = detail.upload.status));
    const next = appendElement(root, properties);
    await until(() => events.length === 2);
    await until(() => next.uploads[0]!.status !== 'paused');
    expect(status).to.equal(next.uploads[0]!.status);
    next.abort();
  });

  it('resumes the uploads if the first one was removed again while the signer was asked for the user', async () => {
    const { root, first, settings, signer } = await createWithUser();
    first.remove();
    await until(() => first.uploads[0]?.status === 'paused');
    root.append(first);
    await until(() => signer.release !== null);
    expect(first.uploads, 'hidden until the signer answers').to.be.empty;
    first.remove();
    await until(() => first.uploads.length === 1);
    signer.isHeld = false;
    signer.release!();
    const next = appendElement(root, settings);
    await until(() => next.uploads.length === 1 && next.uploads[0]!.status !== 'paused');
    next.abort();
  });

  it('takes over the uploads even if it is inserted before the other element is removed', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = appendElement(root, properties);
    await first.add([fileOf('a.txt')]);
    const next = appendElement(root, properties);
    await untilRendered(next);
    expect(next.uploads).to.be.empty;
    first.remove();
    await until(() => next.uploads.length === 1);
    expect(first.uploads).to.be.empty;
    next.abort();
  });

  it('keeps its own uploads when another element of the same name is removed', async () => {
    const form = await fixture<HTMLFormElement>(html`<form></form>`);
    const settings = { sign, signer: `/${newScope()}`, checksum: 'none' } as const;
    const [first, second] = [1, 2].map(() => appendElement(form, settings, { name: 'file' }));
    await first!.add([fileOf('a.txt')]);
    const [upload] = await second!.add([fileOf('b.txt')]);
    await until(() => [first!, second!].every(({ uploads }) => uploads[0]?.key));
    let ownerChanges = 0;
    form.addEventListener('mule-owner-change', () => ownerChanges++);
    first!.remove();
    await untilRendered(second!);
    expect(second!.uploads.map(({ id }) => id)).to.deep.equal([upload!.id]);
    expect(second!.uploads[0]!.status).to.not.equal('aborted');
    expect(ownerChanges).to.equal(0);
    second!.abort();
  });

  it('adds its own files when another element of the same name is removed meanwhile', async () => {
    const form = await fixture<HTMLFormElement>(html`<form></form>`);
    const settings = { sign, signer: `/${newScope()}`, checksum: 'none' } as const;
    const [first, second] = [1, 2].map(() => appendElement(form, settings, { name: 'file' }));
    await second!.add([fileOf('a.txt')]);
    await until(() => second!.uploads[0]?.key != null);
    second!.abort();
    second!.clear();
    second!.addEventListener('mule-before-add', () => first!.remove());
    const added = await second!.add([fileOf('b.txt')]);
    expect(added.map(({ name }) => name)).to.deep.equal(['b.txt']);
    expect(second!.uploads.map(({ name }) => name)).to.deep.equal(['b.txt']);
    second!.abort();
  });

  it('does not take over the uploads of an element that is only moved', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = appendElement(root, properties);
    await first.add([fileOf('a.txt')]);
    const second = appendElement(root, properties);
    await untilRendered(second);
    root.append(first);
    await untilRendered(second);
    expect([first.uploads.length, second.uploads.length]).to.deep.equal([1, 0]);
    first.abort();
  });

  it('takes over no upload if all have ended, or if its recovery key differs', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const first = appendElement(root, { scope, recover: 'off' }, { name: 'first' });
    await first.add([fileOf('a.txt')]);
    first.remove();
    const other = appendElement(root, { scope, recover: 'off' }, { name: 'other' });
    await untilRendered(other);
    expect(other.uploads).to.be.empty;
    other.remove();
    const again = appendElement(root, { scope, recover: 'off' }, { name: 'first' });
    await until(() => again.uploads.length === 1);
    again.abort();
    again.remove();
    const last = appendElement(root, { scope, recover: 'off' }, { name: 'first' });
    await untilRendered(last);
    expect(last.uploads).to.be.empty;
  });
});

describe('after a change of user', () => {
  it('forget() removes rows, value and messages', async () => {
    const { element, store } = await createHarness();
    await element.add([fileOf('stored.txt')]);
    await until(() => element.value.length === 1);
    store.behaviour = 'hold';
    await element.add([fileOf('running.txt'), new File([], '')]);
    await untilRendered(element);
    expect(shadowQuery(element, '[part=messages]')).not.to.be.null;
    await element.forget();
    await untilRendered(element);
    expect([element.uploads.length, element.value.length, shadowQuery(element, '[part=item]')]).to.deep.equal([
      0,
      0,
      null,
    ]);
    expect(shadowQuery(element, '[part=messages]')).to.be.null;
  });

  it('options that a listener of mule-owner-change sets apply', async () => {
    const { fetch } = globalThis;
    const sentHeaders: (string | null)[] = [];
    globalThis.fetch = (_, init) => {
      // ignores the probes of uploaders of earlier tests
      if (init?.method === 'POST') sentHeaders.push(new Headers(init.headers).get('authorization'));
      return new Promise(() => {});
    };
    try {
      const root = await fixture<HTMLElement>(html`<div></div>`);
      const settings = { sign: undefined, signer: '/sign', recover: 'off', checksum: 'none' } as const;
      const element = appendElement(root, { ...settings, scope: 'anna', headers: { authorization: 'anna' } });
      await element.add([fileOf('a.txt')]);
      await until(() => sentHeaders.length > 0);
      element.addEventListener('mule-owner-change', () => (element.headers = { authorization: 'bert' }));
      element.scope = 'bert';
      await element.updateComplete;
      await element.add([fileOf('b.txt')]);
      await until(() => sentHeaders.length > 1);
      expect(sentHeaders).to.deep.equal(['anna', 'bert']);
      element.abort();
    } finally {
      globalThis.fetch = fetch;
    }
  });

  it('a message asks the user to add the file again, and does not name the file', async () => {
    let principal = 'anna';
    const signWithPrincipal = async (action: Action, body: never) => ({
      ...((await sign(action, body)) as object),
      principal,
    });
    const { element } = await createHarness(undefined, { sign: signWithPrincipal as never });
    await element.add([fileOf('first.txt')]);
    await until(() => element.value.length === 1);
    principal = 'bert';
    await element.add([fileOf('secret.txt')]);
    await until(() => element.uploads.length === 0);
    await untilRendered(element);
    expect(element.value).to.be.empty;
    expect(shadowQuery(element, '[part=messages]')!.textContent)
      .to.include('another user is signed in now')
      .and.not.include('secret');
  });
});

it('the element’s entry exports the Uploader class', () => {
  expect(new Uploader({ recover: 'off' })).to.be.instanceOf(EventTarget);
  expect(MuleUploadElement.define).to.be.a('function');
});
