import { expect, fixture, html } from '@open-wc/testing';
import '../../../src/index.js';

describe('attributes', () => {
  async function warningsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const { warn } = console;
    const texts: string[] = [];
    console.warn = (text: unknown) => texts.push(String(text));
    try {
      await work();
    } finally {
      console.warn = warn;
    }
    return texts.filter((text) => text.includes('<mule-upload'));
  }

  it('accept sizes with decimal and binary units', async () => {
    const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
      html`<mule-upload max-size="2GB" min-size="1 kB" part-size="16MiB"></mule-upload>`,
    );
    const { maxSize, minSize, partSize } = element;
    expect({ maxSize, minSize, partSize }).to.deep.equal({ maxSize: 2e9, minSize: 1000, partSize: 16 * 1024 ** 2 });
  });

  it('log one warning for an invalid value, and use the default', async () => {
    const texts = await warningsDuring(async () => {
      for (let times = 0; times < 2; times++) {
        const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
          html`<mule-upload
            max-size="huge"
            part-size="1MB"
            concurrency="many"
            checksum="md5"
            recover="maybe"
            stall-timeout="-3"
          ></mule-upload>`,
        );
        const { maxSize, partSize, concurrency, checksum, recover, stallTimeout } = element;
        expect({ maxSize, partSize, concurrency, checksum, recover, stallTimeout }).to.deep.equal({
          maxSize: null,
          partSize: 'auto',
          concurrency: 'auto',
          checksum: 'auto',
          recover: 'auto',
          stallTimeout: 30,
        });
      }
    });
    for (const attribute of ['max-size', 'part-size', 'concurrency', 'checksum', 'recover', 'stall-timeout'])
      expect(
        texts.filter((text) => text.includes(`${attribute}=`)),
        attribute,
      ).to.have.length(1);
  });

  it('log a warning for an invalid property too', async () => {
    const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
      html`<mule-upload signer="/nowhere" recover="off"></mule-upload>`,
    );
    const texts = await warningsDuring(async () => {
      element.partSize = 'tiny';
      await element.updateComplete;
      element.concurrency = 3;
      await element.updateComplete;
    });
    expect(texts).to.have.length(1);
    expect(texts[0]).to.include('part-size');
  });

  it('have their default again after they are removed', async () => {
    const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
      html`<mule-upload recover="off" concurrency="3"></mule-upload>`,
    );
    expect(element.concurrency).to.equal(3);
    element.removeAttribute('concurrency');
    element.removeAttribute('recover');
    expect(element.concurrency).to.equal('auto');
    expect(element.recover).to.equal('auto');
  });

  it('logs one warning about a drop-target that is no selector, and another for another one', async () => {
    const texts = await warningsDuring(async () => {
      const element = await fixture<HTMLElementTagNameMap['mule-upload']>(
        html`<mule-upload drop-target="<one"></mule-upload>`,
      );
      for (const dropTarget of ['<one', '<two', '<two']) {
        element.dropTarget = dropTarget;
        element.requestUpdate();
        await element.updateComplete;
      }
    });
    expect(texts.map((text) => text.includes('<one'))).to.deep.equal([true, false]);
  });
});
