import { expect, fixture, html } from '@open-wc/testing';
import { recoveryKeyOf } from '../../../src/element/form/recovery-key.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { newScope, appendElement } from '../harness.js';

describe('recoveryKeyOf', () => {
  it('differs by form, name and id, and is the same after a reload', async () => {
    const root = await fixture<HTMLElement>(
      html`<div>
        <form id="one" action="/one"></form>
        <form action="/two"></form>
      </div>`,
    );
    const [one, two] = root.querySelectorAll('form');
    const scope = newScope();
    const appendAll = (): MuleUploadElement[] => [
      appendElement(one!, { scope }, { name: 'a' }),
      appendElement(one!, { scope }, { name: 'b' }),
      appendElement(two!, { scope }, { name: 'a' }),
      appendElement(root, { scope }),
      appendElement(root, { scope }, { id: 'other' }),
      appendElement(root, { scope }, { 'recovery-key': 'mine' }),
    ];
    const first = appendAll();
    const keys = first.map((element) => recoveryKeyOf(element).key);
    expect(new Set(keys).size, keys.join('\n')).to.equal(6);
    expect(keys.at(-1)).to.equal('mine');
    for (const element of first) element.remove();
    expect(appendAll().map((element) => recoveryKeyOf(element).key)).to.deep.equal(keys);
  });

  it('is not unique if form, name, id and params are the same, and logs one warning', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (...args: unknown[]) => warnings.push(args.map(String).join(' '));
    try {
      const ambiguous = [appendElement(root, { scope }), appendElement(root, { scope })];
      const params = [
        appendElement(root, { scope, params: { row: 1 } }),
        appendElement(root, { scope, params: { row: 2 } }),
      ];
      const found = [...ambiguous, ...params].map(recoveryKeyOf);
      expect(found.map(({ isUnique }) => isUnique)).to.deep.equal([false, false, true, true]);
      expect(new Set(found.map(({ key }) => key)).size, 'two with the same key, two that differ by params').to.equal(3);
      expect(warnings.filter((text) => text.includes('recovery-key'))).to.have.length(1);
    } finally {
      console.warn = warn;
    }
  });

  it('is not unique for an element that gets the name of another one later', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const [first, second] = [appendElement(root, { scope }, { name: 'docs' }), appendElement(root, { scope })];
    expect([first, second].map((element) => recoveryKeyOf(element).isUnique)).to.deep.equal([true, true]);
    second.name = 'docs';
    expect(recoveryKeyOf(second)).to.deep.equal({ key: recoveryKeyOf(first).key, isUnique: false });
  });
});
