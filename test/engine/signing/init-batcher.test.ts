import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { InitAnswer } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { fileOf, Stand } from '../harness.js';

const many = (count: number): File[] => Array.from({ length: count }, (_, index) => fileOf(10, `${index}.bin`));
const areComplete = (stand: Stand): boolean => stand.uploader.uploads.every(({ status }) => status === 'complete');

describe('asking where to', () => {
  it('costs two calls for many small files: the first is for few, so that something begins', async () => {
    const stand = new Stand();
    await stand.upload(...many(100));
    expect(areComplete(stand)).to.be.true;
    expect(stand.signer.bodies('get_init_signature').map(({ files }) => files.length)).to.deep.equal([20, 80]);
  });

  it('takes 100 files a call, or as many as the signer says', async () => {
    const plain = new Stand();
    await plain.upload(...many(130));
    expect(plain.signer.bodies('get_init_signature').map(({ files }) => files.length)).to.deep.equal([20, 100, 10]);
    const stand = new Stand();
    stand.signer.filesPerCall = 7;
    stand.signer.next('get_init_signature', (proceed) => proceed());
    await stand.upload(...many(130));
    expect(areComplete(stand)).to.be.true;
    const sizes = stand.signer.bodies('get_init_signature').map(({ files }) => files.length);
    expect(sizes[0]).to.equal(20);
    for (const size of sizes.slice(1)) expect(size).to.be.at.most(7);
  });

  it('halves a call that is too large until it passes, whichever way the files go', async () => {
    for (const whole of ['put', 'post'] as const) {
      const stand = new Stand();
      stand.signer.whole = whole;
      let policies = 0;
      stand.signer.always('get_init_signature', (proceed) => {
        const { files } = stand.signer.bodies('get_init_signature').at(-1)!;
        if (files.length > 6) deny(413, 'too-large')(proceed);
        const answer = proceed() as { posts?: object; files: { post?: string }[] };
        // each call has a policy of its own
        if (whole === 'put') return answer as never;
        const name = `policy ${++policies}`;
        for (const file of answer.files) file.post = name;
        return { ...answer, posts: { [name]: Object.values(answer.posts!)[0] as unknown } } as never;
      });
      await stand.upload(...many(20));
      expect(areComplete(stand), stand.uploader.uploads.map(({ error }) => error?.message).join()).to.be.true;
    }
  });

  it('asks again for all when the call fails', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', deny(503, null), deny(0, null));
    await stand.upload(...many(30));
    expect(areComplete(stand)).to.be.true;
    expect(stand.signer.count('get_init_signature')).to.be.below(12);
  });

  it('fails the one file that the signer refuses, and no other', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', (proceed) => {
      const answer = proceed() as { files: { id: string }[] };
      answer.files[3] = { id: answer.files[3]!.id, error: { code: 'no', message: 'not this one' } } as never;
      return answer as never;
    });
    await stand.upload(...many(8));
    expect(stand.uploader.uploads.map(({ status }) => status === 'failed')).to.deep.equal(
      [0, 1, 2, 3, 4, 5, 6, 7].map((index) => index === 3),
    );
    expect(stand.of('3.bin').error).to.include({ code: 'signer-refused' });
    expect(stand.of('3.bin').error!.message).to.contain('not this one');
  });

  /** Fails, as a signer does whose policy throws for one of the files. */
  const failFor = (stand: Stand, name: string, status: number, code: string | null = null): void =>
    stand.signer.always('get_init_signature', (proceed) => {
      const answer = proceed() as InitAnswer;
      return answer.files.some((file) => 'key' in file && file.key === `files/${name}`)
        ? deny(status, code)(proceed)
        : answer;
    });

  it('fails the one file alone for which the signer fails time and again, while it signs the others', async () => {
    const stand = new Stand();
    failFor(stand, '3.bin', 500);
    await stand.upload(...many(60));
    const failed = stand.uploader.uploads.filter(({ status }) => status !== 'complete');
    expect(failed.map(({ name }) => name)).to.deep.equal(['3.bin']);
    expect(failed[0]!.error).to.include({ code: 'signer-refused', retryable: true, status: 500 });
    expect(failed[0]!.error!.message).to.contain('3.bin').and.to.contain('500');
    // the file is asked for alone: the others are signed in a call or two, not one by one for each of its failures
    const others = stand.signer.bodies('get_init_signature').filter(({ files }) => files[0]?.filename !== '3.bin');
    expect(others.length).to.be.below(30);
    stand.signer.always('get_init_signature', null);
    stand.uploader.retry();
    await stand.finished();
    expect(areComplete(stand)).to.be.true;
  });

  it('goes on for ever where the signer fails for all, or now and then', async () => {
    const stand = new Stand();
    let calls = 0;
    stand.signer.always('get_init_signature', (proceed) => (++calls < 60 ? deny(500, null)(proceed) : proceed()));
    await stand.upload(...many(3));
    expect(areComplete(stand)).to.be.true;
    const flaky = new Stand();
    flaky.signer.always('get_init_signature', (proceed) => (++calls % 3 ? deny(500, null)(proceed) : proceed()));
    await flaky.upload(...many(40));
    expect(areComplete(flaky)).to.be.true;
  });

  it('asks for each file alone where a call for several is refused as a whole', async () => {
    const stand = new Stand();
    failFor(stand, '3.bin', 422, 'no');
    await stand.upload(...many(8));
    const failed = stand.uploader.uploads.filter(({ status }) => status !== 'complete');
    expect(failed.map(({ name, error }) => [name, error!.code])).to.deep.equal([['3.bin', 'signer-refused']]);
  });

  it('asks anew, for the same key, when the answer grew old before its turn came', async () => {
    const stand = new Stand({ concurrency: 1 });
    const release = stand.store.hold('put');
    await stand.uploader.add(many(20));
    await stand.until(() => stand.store.count('put') === 1);
    await stand.clock.advance(3_600_000);
    release();
    await stand.finished();
    expect(areComplete(stand)).to.be.true;
    const renewals = stand.signer.bodies('get_init_signature').slice(1);
    for (const { files } of renewals) expect(files[0]).to.include({ key: `files/${files[0]!.filename}` });
  });

  it('sends what the page wishes, and what the file is', async () => {
    const stand = new Stand({
      partSize: MIN_PART_SIZE,
      contentType: 'video/mp4',
      acl: 'private',
      objectKey: 'wish',
      params: { album: 7 },
    });
    await stand.upload(fileOf(10, 'a.bin', 5));
    const [file] = stand.signer.bodies('get_init_signature')[0]!.files;
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
    expect(stand.of('a.bin').key).to.equal('wish');
  });

  it('makes the wished key a prefix for several files', async () => {
    const stand = new Stand({ objectKey: 'album/' });
    await stand.uploader.add([
      { file: fileOf(10, 'a.bin') },
      { file: fileOf(10, 'b.bin', 2), relativePath: 'sub/b.bin' },
    ]);
    await stand.finished();
    expect([...stand.store.objects.keys()].sort()).to.deep.equal(['album/a.bin', 'album/sub/b.bin']);
    // whichever was looked at first stands first
    const files = stand.signer.bodies('get_init_signature').flatMap((body) => body.files);
    expect(files.map(({ relative_path }) => relative_path).filter(Boolean)).to.deep.equal(['sub/b.bin']);
  });
});
