import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { isIdentifiedByTime } from '../../../src/engine/files/fingerprint.js';
import { setFiles, truncateFile } from '../../wtr/files.js';
import { dropConnection, stall } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { DiskFile } from '../disk-file.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(KEY)?.body)) === (await hashOf(file));

describe('a file that changes during its upload', () => {
  /** Uploads a file, changes it while its second part is in flight, and expects that the upload fails. */
  async function uploadWhileChanging(file: DiskFile, content: File, isReadable: boolean): Promise<Harness> {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part 2', async (request, proceed) => {
      file.content = content;
      file.isReadable = isReadable;
      return isReadable ? proceed() : dropConnection(request, proceed);
    });
    await harness.upload(file);
    expect(harness.uploadOf(NAME).status).to.equal('failed');
    expect(harness.uploadOf(NAME).error!.code).to.equal('file-changed');
    expect(harness.store.objects).to.be.empty;
    return harness;
  }

  it('is found changed after a request of over a second too, if the file is small and was not read before', async () => {
    const file = new DiskFile(fileOf(100));
    // other browsers have read the whole file before
    if (!isIdentifiedByTime(file)) return;
    const harness = new Harness();
    const release = harness.store.hold('put');
    await harness.uploader.add([file]);
    await harness.until(() => harness.store.count('put') === 1);
    await harness.clock.advance(1_500);
    file.isReadable = false;
    release();
    await harness.finished();
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-changed' });
  });

  it('is never completed, and retry() sends its new version from the start if it can be read', async () => {
    const changed = fileOf(3 * PART);
    const harness = await uploadWhileChanging(new DiskFile(fileOf(3 * PART)), changed, true);
    harness.uploader.retry();
    await harness.finished();
    expect(await isStored(harness, changed)).to.be.true;
    expect(harness.store.count('create')).to.equal(2);
    await harness.until(() => harness.store.uploads.size === 0, 'the abort of the first multipart upload');
  });

  it('is sent from the start in the same row when it is chosen again, by add() or resume()', async () => {
    for (const choose of [
      (harness: Harness, file: File) => harness.uploader.add([file]),
      (harness: Harness, file: File) => harness.uploader.resume(harness.uploadOf(NAME).id, file),
    ]) {
      const changed = fileOf(2 * PART + 5, NAME, 2_000);
      const harness = await uploadWhileChanging(new DiskFile(fileOf(3 * PART)), changed, false);
      const { id } = harness.uploadOf(NAME);
      await choose(harness, changed);
      await harness.finished();
      expect(harness.uploader.uploads.map((upload) => [upload.id, upload.status, upload.size])).to.deep.equal([
        [id, 'complete', changed.size],
      ]);
      expect(await isStored(harness, changed)).to.be.true;
      await harness.until(() => harness.store.uploads.size === 0, 'the abort of the first multipart upload');
    }
  });

  it('continues where it stopped after the file has its former content again', async () => {
    const content = fileOf(3 * PART);
    const file = new DiskFile(content);
    const harness = await uploadWhileChanging(file, content, false);
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).error, 'it cannot be read yet').to.include({ code: 'file-changed' });
    file.isReadable = true;
    harness.uploader.retry();
    await harness.finished();
    expect(await isStored(harness, content)).to.be.true;
    expect([harness.store.count('create'), harness.store.sentParts.filter((part) => part === 1).length]).to.deep.equal([
      1, 1,
    ]);
  });

  it('is reported after a single PUT, too', async () => {
    const size = MIN_PART_SIZE + 1;
    const file = new DiskFile(fileOf(size));
    const harness = new Harness({ partSize: 2 * size });
    harness.store.next('put', async (_request, proceed) => {
      file.content = fileOf(size);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-changed' });
    harness.uploader.retry();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file.content));
  });

  it('is reported even if the browser cannot read it any longer and has not read it before', async () => {
    const file = new DiskFile(fileOf(300_000));
    const harness = new Harness();
    harness.store.next('put', async (_request, proceed) => {
      file.isReadable = false;
      await harness.clock.advance(1_000);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-changed' });
    file.isReadable = true;
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('has no effect if a small file was read as a whole before', async () => {
    const content = fileOf(1_000);
    const file = new DiskFile(content);
    const harness = new Harness();
    harness.store.next('put', async (_request, proceed) => {
      file.content = fileOf(1_000);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(content));
  });

  for (const checksums of [[], ['crc32' as const]])
    it(`is found changed if it becomes shorter on disk, ${checksums.length ? 'with' : 'without'} checksums`, async () => {
      document.body.innerHTML = '<input type="file" id="truncated">';
      const input = document.querySelector('input')!;
      await setFiles(['#truncated'], [{ name: NAME, size: 4 * PART }]);
      const harness = new Harness({ concurrency: 1 });
      harness.signer.checksums = checksums;
      /** Sends the body only if it can be read completely, as a browser does. */
      const sendBody: Behaviour = async (request, proceed) => {
        const body = request.body as Blob;
        const sent = await body.arrayBuffer().catch(() => null);
        return (sent?.byteLength === body.size ? proceed : () => stall(request, proceed))();
      };
      harness.store.always('part', sendBody);
      harness.store.next('part 1', async (_request, proceed) => {
        // first, because the store reads the body too, which is not possible afterwards
        const response = await proceed();
        await truncateFile(NAME, PART);
        return response;
      });
      await harness.upload(input.files![0]!);
      // WebKit may answer that a changed file was not found, as it does for a removed one
      expect(harness.uploadOf(NAME).error?.code).to.be.oneOf(['file-changed', 'file-unreadable']);
      expect(harness.store.objects).to.be.empty;
    });
});
