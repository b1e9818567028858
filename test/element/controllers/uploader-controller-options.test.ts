import { expect, fixture, html } from '@open-wc/testing';
import type { MuleUploadElement } from '../../../src/index.js';
import { SignerFault } from '../../../src/engine/api/errors.js';
import { fileOf, newScope, shadowQuery, sign, until } from '../harness.js';

/** Creates an element without a signer, whose upload has failed with `no-signer`. */
async function createWithFailedUpload(): Promise<MuleUploadElement> {
  const element = await fixture<MuleUploadElement>(
    html`<mule-upload recover="off" scope=${newScope()} max-retries="9"></mule-upload>`,
  );
  await element.add([fileOf('a.txt')]);
  await until(() => element.uploads[0]?.error?.code === 'no-signer');
  return element;
}

describe('options that the page sets after it has added files', () => {
  // none of these signers answers; the status shows that the element calls it
  const SIGNERS: Record<string, (element: MuleUploadElement) => void> = {
    'attribute signer': (element) => element.setAttribute('signer', '/nowhere'),
    'property signer': (element) => (element.signer = '/nowhere'),
    'attribute init-signature-url': (element) => element.setAttribute('init-signature-url', '/nowhere/init'),
    'property sign': (element) => (element.sign = sign),
  };
  for (const [name, setSigner] of Object.entries(SIGNERS))
    it(`${name}: an upload that failed with no-signer continues`, async () => {
      const element = await createWithFailedUpload();
      setSigner(element);
      await until(() => element.uploads[0]!.status !== 'failed');
      expect(element.uploads[0]!.error).to.equal(null);
      element.abort();
    });

  it('a warning names an invalid option, and the others apply', async () => {
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (text: unknown) => warnings.push(String(text));
    try {
      const element = document.createElement('mule-upload');
      Object.assign(element, { scope: newScope(), recover: 'off', sign: 'no function', params: { a: 1 } });
      const root = await fixture<HTMLElement>(html`<div></div>`);
      root.append(element);
      await element.add([fileOf('a.txt')]);
      await until(() => element.uploads[0]?.error?.code === 'no-signer');
      expect(warnings.filter((text) => text.includes('sign'))).to.deep.equal([
        '<mule-upload>: option "sign" takes a function, not "no function"',
      ]);
      element.sign = sign;
      await until(() => element.uploads[0]!.status !== 'failed');
      element.abort();
    } finally {
      console.warn = warn;
    }
  });

  it('params that JSON cannot represent leave the element working', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const params of [{ count: 1n }, cycle]) {
      const element = await fixture<MuleUploadElement>(
        html`<mule-upload recover="off" scope=${newScope()} .params=${{ row: 1 }} .sign=${sign}></mule-upload>`,
      );
      element.params = params;
      await element.updateComplete;
      element.disabled = true;
      await element.updateComplete;
      expect(shadowQuery<HTMLButtonElement>(element, '[part=button]')!.disabled).to.be.true;
    }
  });

  it('an option that is NaN, which never equals itself, is applied only once', async () => {
    const element = await fixture<MuleUploadElement>(
      html`<mule-upload recover="off" scope=${newScope()} .params=${NaN} .sign=${sign}></mule-upload>`,
    );
    await element.add([fileOf('a.txt')]);
    await until(() => element.uploads.length === 1);
    element.abort();
  });

  it('removing no-autostart starts queued uploads', async () => {
    const element = await fixture<MuleUploadElement>(
      html`<mule-upload recover="off" scope=${newScope()} no-autostart .sign=${sign}></mule-upload>`,
    );
    await element.add([fileOf('a.txt')]);
    expect(element.uploads[0]!.status).to.equal('queued');
    element.removeAttribute('no-autostart');
    await until(() => element.uploads[0]!.status !== 'queued');
    element.abort();
  });

  it('new headers and params with the same content cause no retry', async () => {
    let calls = 0;
    const element = await fixture<MuleUploadElement>(
      html`<mule-upload recover="off" scope=${newScope()} .headers=${{ a: 'b' }} .params=${{ c: 1 }}></mule-upload>`,
    );
    element.sign = () => {
      calls++;
      return Promise.reject(new SignerFault(401, 'unauthorized', 'Sign in'));
    };
    await element.add([fileOf('a.txt')]);
    await until(() => element.uploads[0]!.waitingFor === 'authorization');
    const callsBefore = calls;
    for (let rendering = 0; rendering < 5; rendering++) {
      element.headers = { a: 'b' };
      element.params = { c: 1 };
      await element.updateComplete;
    }
    expect(calls).to.equal(callsBefore);
    element.headers = { a: 'c' };
    await until(() => calls === callsBefore + 1);
    element.abort();
  });
});
