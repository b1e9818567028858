import { expect, fixture, html } from '@open-wc/testing';
import { recoveryKeyOf } from '../../../src/element/form/recovery-key.js';
import type { MuleUploadElement } from '../../../src/index.js';
import { newScope, place } from '../harness.js';

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
    const build = (): MuleUploadElement[] => [
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

  it('is not unique if form, name, id and params are the same, and logs one warning', async () => {
    const root = await fixture<HTMLElement>(html`<div></div>`);
    const scope = newScope();
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (...args: unknown[]) => warnings.push(args.map(String).join(' '));
    try {
      const ambiguous = [place(root, { scope }), place(root, { scope })];
      const params = [place(root, { scope, params: { row: 1 } }), place(root, { scope, params: { row: 2 } })];
      const found = [...ambiguous, ...params].map(recoveryKeyOf);
      expect(found.map(({ isUnique }) => isUnique)).to.deep.equal([false, false, true, true]);
      expect(new Set(found.map(({ key }) => key)).size, 'params make them differ').to.equal(3);
      expect(warnings.filter((text) => text.includes('recovery-key'))).to.have.length(1);
    } finally {
      console.warn = warn;
    }
  });
});
