import { expect, fixture, html } from '@open-wc/testing';
import { MuleUploadElement, Uploader } from '../../../src/index.js';
import type { Action } from '../../../src/protocol.js';
import { fileOf, harness, shadowQuery, newScope, place, rendered, sign, until } from '../harness.js';

describe('an element that replaces a removed one', () => {
  it('takes over its unfinished uploads', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = place(root, properties);
    const file = fileOf('a.txt');
    await first.add([file]);
    const { id } = first.uploads[0]!;
    first.remove();
    const recovered: string[] = [];
    root.addEventListener('mule-recover', ({ detail }) => recovered.push(...detail.uploads.map(({ name }) => name)));
    const next = place(root, properties);
    await until(() => next.uploads.length === 1);
    expect(next.uploads[0]!.id).to.equal(id);
    expect(recovered).to.deep.equal(['a.txt']);
    expect(first.uploads).to.be.empty;
    await rendered(next);
    expect(shadowQuery(next, '[part=item]')!.textContent).to.include('a.txt');
    next.abort();
  });

  for (const user of ['anna', 'bert']) {
    it(`shows the uploads of anna only after the signer has named the user: ${user}`, async () => {
      const root = await fixture<HTMLElement>(html`<div></div>`);
      let principal = 'anna';
      let isHeld = false;
      let release: (() => void) | null = null;
      const named = async (action: Action, body: never) => {
        if (isHeld) await new Promise<void>((resolve) => (release = resolve));
        return { ...((await sign(action, body)) as object), principal };
      };
      const settings = { sign: named as never, signer: `/${newScope()}`, checksum: 'none', recover: 'off' } as const;
      const first = place(root, settings);
      await first.add([fileOf('a.txt')]);
      await until(() => first.uploads[0]?.key !== null);
      isHeld = true;
      first.remove();
      principal = user;
      const events: string[] = [];
      for (const type of ['mule-recover', 'mule-status', 'mule-pause', 'mule-owner-change'] as const)
        root.addEventListener(type, () => events.push(type));
      const next = place(root, settings);
      await until(() => release !== null);
      await rendered(next);
      expect([next.uploads.length, next.status, shadowQuery(next, '[part=item]'), events.length]).to.deep.equal([
        0,
        'idle',
        null,
        0,
      ]);
      isHeld = false;
      release!();
      if (user === 'anna') {
        await until(() => next.uploads.length === 1);
        expect(events).to.include('mule-recover');
      } else {
        await rendered(next);
        await rendered(next);
        expect([next.uploads.length, events.length]).to.deep.equal([0, 0]);
      }
      next.abort();
    });
  }

  it('takes over even if it is inserted before the other is removed', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = place(root, properties);
    await first.add([fileOf('a.txt')]);
    const next = place(root, properties);
    await rendered(next);
    expect(next.uploads).to.be.empty;
    first.remove();
    await until(() => next.uploads.length === 1);
    expect(first.uploads).to.be.empty;
    next.abort();
  });

  it('does not take over the uploads of an element that is only moved', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const properties = { scope: newScope(), recover: 'off' as const };
    const first = place(root, properties);
    await first.add([fileOf('a.txt')]);
    const duplicate = place(root, properties);
    await rendered(duplicate);
    root.append(first);
    await rendered(duplicate);
    expect([first.uploads.length, duplicate.uploads.length]).to.deep.equal([1, 0]);
    first.abort();
  });

  it('starts empty if all uploads have ended, or if its recovery key differs', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const first = place(root, { scope, recover: 'off' }, { name: 'first' });
    await first.add([fileOf('a.txt')]);
    first.remove();
    const other = place(root, { scope, recover: 'off' }, { name: 'other' });
    await rendered(other);
    expect(other.uploads).to.be.empty;
    other.remove();
    const again = place(root, { scope, recover: 'off' }, { name: 'first' });
    await until(() => again.uploads.length === 1);
    again.abort();
    again.remove();
    const last = place(root, { scope, recover: 'off' }, { name: 'first' });
    await rendered(last);
    expect(last.uploads).to.be.empty;
  });
});

describe('after a change of user', () => {
  it('forget() removes rows, value and messages', async () => {
    const { element, store } = await harness();
    await element.add([fileOf('stored.txt')]);
    await until(() => element.value.length === 1);
    store.answer = 'hold';
    await element.add([fileOf('running.txt'), new File([], '')]);
    await rendered(element);
    expect(shadowQuery(element, '[part=messages]')).not.to.be.null;
    await element.forget();
    await rendered(element);
    expect([element.uploads.length, element.value.length, shadowQuery(element, '[part=item]')]).to.deep.equal([
      0,
      0,
      null,
    ]);
    expect(shadowQuery(element, '[part=messages]')).to.be.null;
  });

  it('options set by a listener of mule-owner-change apply', async () => {
    const { fetch } = globalThis;
    const asked: (string | null)[] = [];
    globalThis.fetch = (_, init) => {
      // and not what the uploaders of earlier tests probe
      if (init?.method === 'POST') asked.push(new Headers(init.headers).get('authorization'));
      return new Promise(() => {});
    };
    try {
      const root = await fixture<HTMLElement>(html`<div></div>`);
      const settings = { sign: undefined, signer: '/sign', recover: 'off', checksum: 'none' } as const;
      const element = place(root, { ...settings, scope: 'anna', headers: { authorization: 'anna' } });
      await element.add([fileOf('a.txt')]);
      await until(() => asked.length > 0);
      element.addEventListener('mule-owner-change', () => (element.headers = { authorization: 'bert' }));
      element.scope = 'bert';
      await element.updateComplete;
      await element.add([fileOf('b.txt')]);
      await until(() => asked.length > 1);
      expect(asked).to.deep.equal(['anna', 'bert']);
      element.abort();
    } finally {
      globalThis.fetch = fetch;
    }
  });

  it('the user is asked to add the file again, and its name is not shown', async () => {
    let principal = 'anna';
    const named = async (action: Action, body: never) => ({ ...((await sign(action, body)) as object), principal });
    const { element } = await harness(undefined, { sign: named as never });
    await element.add([fileOf('first.txt')]);
    await until(() => element.value.length === 1);
    principal = 'bert';
    await element.add([fileOf('secret.txt')]);
    await until(() => element.uploads.length === 0);
    await rendered(element);
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
