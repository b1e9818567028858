import { expect } from '@open-wc/testing';
import { UploadError } from '../../../src/engine/api/errors.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { DiskFile } from '../disk-file.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const KEY = `files/${NAME}`;

describe('resume() with a file, of an upload that was paused before it started', () => {
  /** Adds a file and pauses its upload before it starts. */
  async function addPaused(file: File): Promise<{ harness: Harness; id: string }> {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([file]);
    harness.uploader.pause();
    expect(harness.uploadOf(NAME).status).to.equal('paused');
    return { harness, id: harness.uploadOf(NAME).id };
  }

  for (const [what, other] of [
    ['another size', fileOf(MIN_PART_SIZE + 2, NAME)],
    ['the same name and size', fileOf(MIN_PART_SIZE + 1, NAME, 2_000)],
  ] as const)
    it(`rejects another file of ${what}, and sends the first one when it is resumed`, async () => {
      const file = fileOf(MIN_PART_SIZE + 1);
      const { harness, id } = await addPaused(file);
      const error: unknown = await harness.uploader.resume(id, other).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UploadError).and.include({ code: 'file-changed' });
      expect((error as UploadError).message).to.contain(NAME);
      expect(harness.uploadOf(NAME).status).to.equal('paused');
      expect(harness.uploader.fileOf(id)).to.equal(file);
      expect(harness.signer.calls).to.be.empty;
      await harness.uploader.resume(id);
      await harness.finished();
      expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file));
    });

  it('rejects a file of another name or size even if the first one cannot be read any more', async () => {
    const size = MIN_PART_SIZE + 1;
    const first = new DiskFile(fileOf(size));
    const { harness, id } = await addPaused(first);
    first.isReadable = false;
    for (const other of [fileOf(size, 'b.bin'), fileOf(size + 1)]) {
      const error: unknown = await harness.uploader.resume(id, other).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UploadError).and.include({ code: 'file-changed' });
    }
    expect(harness.signer.calls).to.be.empty;
    const found = fileOf(size);
    await harness.uploader.resume(id, found);
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(found));
  });

  it('accepts the same file', async () => {
    const file = fileOf(MIN_PART_SIZE + 1);
    const { harness, id } = await addPaused(file);
    const copy = new File([file], NAME, { lastModified: file.lastModified });
    await harness.uploader.resume(id, copy);
    expect(harness.uploader.fileOf(id)).to.equal(copy);
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file));
  });
});
