import { expect, html } from '@open-wc/testing';
import { createThumbnail } from '../../../src/element/list/create-thumbnail.js';
import { fileOf, shadowQuery, untilRendered, createHarness, until } from '../harness.js';

/** Creates an image, red on the left and blue on the right. */
async function createImage(width: number, height: number): Promise<File> {
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
    const canvas = (await createThumbnail(await createImage(400, 100)))!;
    expect([canvas.width, canvas.height]).to.deep.equal([80, 80]);
    const [left, right] = [5, 75].map((x) => [...canvas.getContext('2d')!.getImageData(x, 40, 1, 1).data]);
    expect(left![0]).to.be.above(200);
    expect(right![2]).to.be.above(200);
  });

  it('are not created for damaged images, huge images and other files', async () => {
    const huge = Object.defineProperty(await createImage(10, 10), 'size', { value: 31e6 });
    const damaged = ['image/png', 'video/mp4'].map((type) => new File(['nonsense'], 'broken', { type }));
    for (const file of [huge, ...damaged, new File(['a'], 'a.txt', { type: 'text/plain' })])
      expect(await createThumbnail(file)).to.be.null;
  });

  it('are shown in the row of an image, unless disabled', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'hold';
    await element.add([fileOf('a.txt'), await createImage(60, 40)]);
    await until(() => shadowQuery(element, '[part=thumbnail]') !== null);
    expect(shadowQuery(element, '[part=thumbnail]')!.closest('.row')!.getAttribute('data-id')).to.equal(
      element.uploads[1]!.id,
    );
    const { width } = shadowQuery(element, '[part=thumbnail]')!.getBoundingClientRect();
    expect(width).to.equal(40);
    element.abort();
    const withoutThumbnails = await createHarness(html`<mule-upload no-thumbnails></mule-upload>`);
    withoutThumbnails.store.behaviour = 'hold';
    await withoutThumbnails.element.add([await createImage(60, 40)]);
    await untilRendered(withoutThumbnails.element);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(shadowQuery(withoutThumbnails.element, '[part=thumbnail]')).to.be.null;
    withoutThumbnails.element.abort();
  });
});
