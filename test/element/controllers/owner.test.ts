import { expect, fixture, html } from '@open-wc/testing';
import { recoveryKeyOf } from '../../../src/element/form/recovery-key.js';
import { MuleUploadElement, Uploader } from '../../../src/index.js';
import type { Action } from '../../../src/protocol.js';
import { fileOf, inside, newScope, rendered, sign, harness, until } from '../harness.js';

type Element = HTMLElementTagNameMap['mule-upload'];

/** A signer that never answers: what is added stays under way. */
const silent = () => new Promise<never>(() => {});

/** An element in that place, set up before it is in the document, as frameworks do. */
function place(root: Node, properties: Partial<Element> = {}, attributes: Record<string, string> = {}): Element {
  const element = document.createElement('mule-upload');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, { multiple: true, noLeaveWarning: true, sign: silent, ...properties });
  root.appendChild(element);
  return element;
}

describe('the control that unfinished uploads belong to', () => {
  it('is told apart by form, name and id, and is the same on the next visit', async () => {
    const root = await fixture<HTMLElement>(
      html`<div>
        <form id="one" action="/one"></form>
        <form action="/two"></form>
      </div>`,
    );
    const [one, two] = root.querySelectorAll('form');
    const scope = newScope();
    const build = (): Element[] => [
      place(one!, { scope }, { name: 'a' }),
      place(one!, { scope }, { name: 'b' }),
      place(two!, { scope }, { name: 'a' }),
      place(root, { scope }),
      place(root, { scope }, { id: 'other' }),
      place(root, { scope }, { 'recovery-key': 'mine' }),
    ];
    const first = build();
    const keys = first.map((element) => recoveryKeyOf(element).key);
    expect(new Set(keys).size, keys.join('\n')).to.equal(6);
    expect(keys.at(-1)).to.equal('mine');
    for (const element of first) element.remove();
    expect(build().map((element) => recoveryKeyOf(element).key)).to.deep.equal(keys);
  });

  it('is uncertain where two look the same: then uploads resume only by their file, and the console says why', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (...words: unknown[]) => warnings.push(words.map(String).join(' '));
    try {
      const twins = [place(root, { scope }), place(root, { scope })];
      const params = [place(root, { scope, params: { row: 1 } }), place(root, { scope, params: { row: 2 } })];
      const found = [...twins, ...params].map(recoveryKeyOf);
      expect(found.map(({ isUnique }) => isUnique)).to.deep.equal([false, false, true, true]);
      expect(new Set(found.map(({ key }) => key)).size, 'what they are made with tells them apart').to.equal(3);
      expect(warnings.filter((text) => text.includes('recovery-key'))).to.have.length(1);
    } finally {
      console.warn = warn;
    }
  });
});

describe('an element that is made anew in its page', () => {
  it('goes on with what the one before it has unfinished', async () => {
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
    expect(inside(next, '[part=item]')!.textContent).to.include('a.txt');
    next.abort();
  });

  for (const user of ['anna', 'bert']) {
    it(`shows what anna left only once the signer has named who is signed in: ${user}`, async () => {
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
      expect([next.uploads.length, next.status, inside(next, '[part=item]'), events.length]).to.deep.equal([
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

  it('takes over also where it is inserted before the one before it is removed', async () => {
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

  it('begins empty where all was over, or where it is another control', async () => {
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

describe('the user of an element changes', () => {
  it('has no row, value or message of the former one after forget()', async () => {
    const { element, store } = await harness();
    await element.add([fileOf('stored.txt')]);
    await until(() => element.value.length === 1);
    store.answer = 'hold';
    await element.add([fileOf('running.txt'), new File([], '')]);
    await rendered(element);
    expect(inside(element, '[part=messages]')).not.to.be.null;
    await element.forget();
    await rendered(element);
    expect([element.uploads.length, element.value.length, inside(element, '[part=item]')]).to.deep.equal([0, 0, null]);
    expect(inside(element, '[part=messages]')).to.be.null;
  });

  it('has the settings that a listener makes when it changes', async () => {
    const { fetch } = globalThis;
    const asked: (string | null)[] = [];
    globalThis.fetch = (_, init) => {
      asked.push(new Headers(init?.headers).get('authorization'));
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

  it('is told to add a file again where the signer names somebody else, without its name', async () => {
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
    expect(inside(element, '[part=messages]')!.textContent)
      .to.include('another user is signed in now')
      .and.not.include('secret');
  });
});

it('gives the Uploader class to pages that load one file', () => {
  expect(new Uploader({ recover: 'off' })).to.be.instanceOf(EventTarget);
  expect(MuleUploadElement.define).to.be.a('function');
});
