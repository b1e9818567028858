import { expect, html } from '@open-wc/testing';
import { createThumbnail } from '../../../src/element/list/create-thumbnail.js';
import { fileOf, shadowQuery, rendered, harness, until } from '../harness.js';

/** Creates an image, red on the left and blue on the right. */
async function picture(width: number, height: number): Promise<File> {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'red';
  context.fillRect(0, 0, width, height);
  context.fillStyle = 'blue';
  context.fillRect(width / 2, 0, width / 2, height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  return new File([blob!], 'picture.png', { type: 'image/png' });
}

describe('thumbnails', () => {
  it('show the middle of an image', async () => {
    const canvas = (await createThumbnail(await picture(400, 100)))!;
    expect([canvas.width, canvas.height]).to.deep.equal([80, 80]);
    const [left, right] = [5, 75].map((x) => [...canvas.getContext('2d')!.getImageData(x, 40, 1, 1).data]);
    expect(left![0]).to.be.above(200);
    expect(right![2]).to.be.above(200);
  });

  it('are not created for damaged, huge or other files', async () => {
    const huge = Object.defineProperty(await picture(10, 10), 'size', { value: 31e6 });
    const broken = ['image/png', 'video/mp4'].map((type) => new File(['nonsense'], 'broken', { type }));
    for (const file of [huge, ...broken, new File(['a'], 'a.txt', { type: 'text/plain' })])
      expect(await createThumbnail(file)).to.be.null;
  });

  it('are shown in the row of an image, unless disabled', async () => {
    const { element, store } = await harness();
    store.answer = 'hold';
    await element.add([fileOf('a.txt'), await picture(60, 40)]);
    await until(() => shadowQuery(element, '[part=thumbnail]') !== null);
    expect(shadowQuery(element, '[part=thumbnail]')!.closest('.row')!.getAttribute('data-id')).to.equal(
      element.uploads[1]!.id,
    );
    const { width } = shadowQuery(element, '[part=thumbnail]')!.getBoundingClientRect();
    expect(width).to.equal(40);
    element.abort();
    const plain = await harness(html`<mule-upload no-thumbnails></mule-upload>`);
    plain.store.answer = 'hold';
    await plain.element.add([await picture(60, 40)]);
    await rendered(plain.element);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(shadowQuery(plain.element, '[part=thumbnail]')).to.be.null;
    plain.element.abort();
  });
});
