import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { isIdentifiedByTime } from '../../../src/engine/files/fingerprint.js';
import type { InitAnswer } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { fileOf, Harness, hashOf } from '../harness.js';

const createSmallFiles = (count: number): File[] =>
  Array.from({ length: count }, (_, index) => fileOf(10, `${index}.bin`));
const areComplete = (harness: Harness): boolean =>
  harness.uploader.uploads.every(({ status }) => status === 'complete');

describe('calls of init', () => {
  const sizesOf = ({ signer }: Harness): number[] =>
    signer.bodies('get_init_signature').map(({ files }) => files.length);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

  it('are few for many small files: the first has few files, so that uploads start early', async () => {
    const harness = new Harness();
    await harness.upload(...createSmallFiles(100));
    expect(areComplete(harness)).to.be.true;
    const sizes = sizesOf(harness);
    expect(sizes[0]).to.be.at.most(20);
    expect(sizes).to.have.length.at.most(3);
    expect(sum(sizes), 'each file is in one call').to.equal(100);
  });

  it('have at most 100 files each, or fewer if the signer allows fewer', async () => {
    const unlimited = new Harness();
    await unlimited.upload(...createSmallFiles(130));
    expect(Math.max(...sizesOf(unlimited))).to.be.within(50, 100);
    expect(sum(sizesOf(unlimited)), 'each file is in one call').to.equal(130);
    const harness = new Harness();
    harness.signer.maxFilesPerCall = 7;
    harness.signer.next('get_init_signature', (proceed) => proceed());
    await harness.upload(...createSmallFiles(130));
    expect(areComplete(harness)).to.be.true;
    const sizes = sizesOf(harness);
    // the engine may have made three calls before the first answer names the limit
    expect(Math.max(...sizes.slice(0, 3))).to.be.at.most(20);
    for (const size of sizes.slice(3)) expect(size).to.be.at.most(7);
  });

  it('are halved until the signer accepts them, for PUT and for POST policies', async () => {
    for (const singleRequest of ['put', 'post'] as const) {
      const harness = new Harness();
      harness.signer.singleRequest = singleRequest;
      let policies = 0;
      harness.signer.always('get_init_signature', (proceed) => {
        const { files } = harness.signer.bodies('get_init_signature').at(-1)!;
        if (files.length > 6) deny(413, 'too-large')(proceed);
        const answer = proceed() as { posts?: object; files: { post?: string }[] };
        // each call returns its own policy
        if (singleRequest === 'put') return answer as never;
        const name = `policy ${++policies}`;
        for (const file of answer.files) file.post = name;
        return { ...answer, posts: { [name]: Object.values(answer.posts!)[0] as unknown } } as never;
      });
      await harness.upload(...createSmallFiles(20));
      expect(areComplete(harness), harness.uploader.uploads.map(({ error }) => error?.message).join()).to.be.true;
    }
  });

  it('are repeated for all files if they fail', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', deny(503, null), deny(0, null));
    await harness.upload(...createSmallFiles(30));
    expect(areComplete(harness)).to.be.true;
    expect(harness.signer.count('get_init_signature')).to.be.below(12);
  });

  it('fail only for the file that the signer refuses', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', (proceed) => {
      const answer = proceed() as { files: { id: string }[] };
      answer.files[3] = { id: answer.files[3]!.id, error: { code: 'no', message: 'not this one' } } as never;
      return answer as never;
    });
    await harness.upload(...createSmallFiles(8));
    expect(harness.uploader.uploads.map(({ status }) => status === 'failed')).to.deep.equal(
      [0, 1, 2, 3, 4, 5, 6, 7].map((index) => index === 3),
    );
    expect(harness.uploadOf('3.bin').error).to.include({ code: 'signer-refused' });
    expect(harness.uploadOf('3.bin').error!.message).to.contain('not this one');
  });

  /** Makes the signer fail every call that contains this file, as if its policy threw an error for the file. */
  const failFor = (harness: Harness, name: string, status: number, code: string | null = null): void =>
    harness.signer.always('get_init_signature', (proceed) => {
      const answer = proceed() as InitAnswer;
      return answer.files.some((file) => 'key' in file && file.key === `files/${name}`)
        ? deny(status, code)(proceed)
        : answer;
    });

  it('fail only for the file with which the signer always fails, if it signs the others', async () => {
    const harness = new Harness();
    failFor(harness, '3.bin', 500);
    await harness.upload(...createSmallFiles(60));
    const failed = harness.uploader.uploads.filter(({ status }) => status !== 'complete');
    expect(failed.map(({ name }) => name)).to.deep.equal(['3.bin']);
    expect(failed[0]!.error).to.include({ code: 'signer-refused', retryable: true, status: 500 });
    expect(failed[0]!.error!.message).to.contain('3.bin').and.to.contain('500');
    // the file is requested in its own calls; the other files are signed in few calls, not one by one after each failure
    const others = harness.signer.bodies('get_init_signature').filter(({ files }) => files[0]?.filename !== '3.bin');
    expect(others.length).to.be.below(30);
    harness.signer.always('get_init_signature', null);
    harness.uploader.retry();
    await harness.finished();
    expect(areComplete(harness)).to.be.true;
  });

  it('are retried without limit if the signer fails for all files, or only in some calls', async () => {
    const harness = new Harness();
    let calls = 0;
    harness.signer.always('get_init_signature', (proceed) => (++calls < 60 ? deny(500, null)(proceed) : proceed()));
    await harness.upload(...createSmallFiles(3));
    expect(areComplete(harness)).to.be.true;
    const flaky = new Harness();
    flaky.signer.always('get_init_signature', (proceed) => (++calls % 3 ? deny(500, null)(proceed) : proceed()));
    await flaky.upload(...createSmallFiles(40));
    expect(areComplete(flaky)).to.be.true;
  });

  it('are made for each file separately if the signer refuses a call for several', async () => {
    const harness = new Harness();
    failFor(harness, '3.bin', 422, 'no');
    await harness.upload(...createSmallFiles(8));
    const failed = harness.uploader.uploads.filter(({ status }) => status !== 'complete');
    expect(failed.map(({ name, error }) => [name, error!.code])).to.deep.equal([['3.bin', 'signer-refused']]);
  });

  it('fail only for the file that alone is too large for a call, and stay large for the others', async () => {
    const harness = new Harness();
    failFor(harness, '3.bin', 413, 'too-large');
    await harness.upload(...createSmallFiles(120));
    const failed = harness.uploader.uploads.filter(({ status }) => status !== 'complete');
    expect(failed.map(({ name, error }) => [name, error!.code, error!.status])).to.deep.equal([
      ['3.bin', 'signer-refused', 413],
    ]);
    expect(sizesOf(harness).length, 'calls').to.be.below(30);
  });

  it('fail only for the refused file if the signer rejects a larger call as too large', async () => {
    for (const status of [422, 500]) {
      const harness = new Harness();
      harness.signer.always('get_init_signature', (proceed) => {
        const answer = proceed() as InitAnswer;
        const isRefused = answer.files.some((file) => 'key' in file && file.key === 'files/3.bin');
        if (answer.files.length > 4) return deny(413, 'too-large')(proceed);
        return isRefused ? deny(status, 'no')(proceed) : answer;
      });
      await harness.upload(...createSmallFiles(8));
      const failed = harness.uploader.uploads.filter(({ status: state }) => state !== 'complete');
      expect(
        failed.map(({ name, error }) => [name, error!.status]),
        `${status}`,
      ).to.deep.equal([['3.bin', status]]);
    }
  });

  it('are repeated, for the same key, if the signatures expire before the upload starts', async () => {
    const harness = new Harness({ concurrency: 1 });
    const release = harness.store.hold('put');
    await harness.uploader.add(createSmallFiles(20));
    await harness.until(() => harness.store.count('put') === 1);
    await harness.clock.advance(3_600_000);
    release();
    await harness.finished();
    expect(areComplete(harness)).to.be.true;
    const seenIds = new Set<string>();
    const renewals = harness.signer
      .bodies('get_init_signature')
      .flatMap(({ files }) => files)
      .filter(({ id }) => seenIds.has(id) || !seenIds.add(id));
    expect(renewals).not.to.be.empty;
    for (const file of renewals) expect(file).to.include({ key: `files/${file.filename}` });
  });

  it('contain the page’s preferences and the file’s properties', async () => {
    const harness = new Harness({
      partSize: MIN_PART_SIZE,
      contentType: 'video/mp4',
      acl: 'private',
      objectKey: 'wish',
      params: { album: 7 },
    });
    await harness.upload(fileOf(10, 'a.bin', 5));
    const [file] = harness.signer.bodies('get_init_signature')[0]!.files;
    expect(file).to.deep.include({
      filename: 'a.bin',
      filesize: 10,
      last_modified: 5,
      content_type: 'video/mp4',
      part_size: MIN_PART_SIZE,
      acl: 'private',
      object_key: 'wish',
      params: { album: 7 },
    });
    expect(file!.fingerprint).to.match(/^([\da-f]{64}|w-[\da-z]+)$/);
    expect(harness.uploadOf('a.bin').key).to.equal('wish');
  });

  it('request object keys with the page’s objectKey as their prefix', async () => {
    const harness = new Harness({ objectKey: 'album/' });
    await harness.uploader.add([
      { file: fileOf(10, 'a.bin') },
      { file: fileOf(10, 'b.bin', 2), relativePath: 'sub/b.bin' },
    ]);
    await harness.finished();
    expect([...harness.store.objects.keys()].sort()).to.deep.equal(['album/a.bin', 'album/sub/b.bin']);
    // the order of the files is that in which they were validated
    const files = harness.signer.bodies('get_init_signature').flatMap((body) => body.files);
    expect(files.map(({ relative_path }) => relative_path).filter(Boolean)).to.deep.equal(['sub/b.bin']);
  });

  it('request keys with the path for each file of a folder that is still being read', async () => {
    const harness = new Harness({ objectKey: 'album/' });
    let endReading!: () => void;
    const readEnd = new Promise<void>((resolve) => (endReading = resolve));
    const adding = harness.uploader.add([{ file: fileOf(10, 'a.bin'), relativePath: 'trip/a.bin' }], {
      ...harness.uploader.options.rules,
      readEnd,
    });
    await harness.until(() => harness.store.objects.has('album/trip/a.bin'));
    endReading();
    expect(await adding).to.have.length(1);
    await harness.finished();
  });

  it('leave out a file that cannot be read, which fails for that reason although it has started meanwhile', async () => {
    const unreadable = fileOf(10, 'bad.bin');
    const harness = new Harness({ concurrency: 1 });
    unreadable.slice = () => {
      const blob = new Blob();
      blob.arrayBuffer = () => Promise.reject(new DOMException('no permission', 'NotReadableError'));
      return blob;
    };
    unreadable.arrayBuffer = () => unreadable.slice().arrayBuffer();
    // desktop Chromium does not read small files before they are sent
    if (isIdentifiedByTime(unreadable)) return;
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    harness.signer.next('get_init_signature', (proceed) => mayAnswer.then(proceed));
    await harness.uploader.add([fileOf(10, '1.bin'), fileOf(10, '2.bin'), unreadable]);
    await harness.until(() => harness.signer.count('get_init_signature') === 1);
    expect(harness.uploadOf('bad.bin').status).to.equal('queued');
    harness.uploader.abort(harness.uploadOf('2.bin').id);
    await harness.until(() => harness.uploadOf('bad.bin').status === 'starting');
    // it waits for the pending call
    await harness.settle();
    answer();
    await harness.finished();
    expect(harness.uploadOf('bad.bin').error).to.include({ code: 'file-unreadable' });
    expect(harness.uploadOf('1.bin').status).to.equal('complete');
    const requested = harness.signer.bodies('get_init_signature').flatMap(({ files }) => files);
    expect(requested.map(({ filename }) => filename)).not.to.include('bad.bin');
    const { id } = harness.uploadOf('bad.bin');
    const file = fileOf(20, 'bad.bin', 2_000);
    await harness.upload(file);
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['1.bin', '2.bin', 'bad.bin']);
    expect(harness.uploadOf('bad.bin')).to.include({ id, status: 'complete', error: null });
    expect(await hashOf(harness.store.objects.get('files/bad.bin')?.body)).to.equal(await hashOf(file));
  });
});
