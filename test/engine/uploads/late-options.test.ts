import { expect } from '@open-wc/testing';
import { UploadError } from '../../../src/engine/api/errors.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';
import type { SignerPort, Transport } from '../../../src/engine/ports.js';
import { MIN_PART_SIZE as PART } from '../../../src/limits.js';
import type { InitRequest } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { FakeClock } from '../fake-clock.js';
import { Harness, fileOf } from '../harness.js';

/**
 * Creates a harness whose signer port throws `no-signer` until the options name a signer, as the port of the browser does.
 */
function harnessWithoutSigner(options: UploaderOptions = {}): Harness {
  const clock = new FakeClock();
  const signer: SignerPort = {
    call: (action, body) => {
      const { signer: url, urls, sign } = harness.uploader.options;
      if (!sign && !url && urls[action] === undefined) throw new UploadError('no-signer', `No signer for ${action}.`);
      return harness.signer.call(action, body);
    },
  };
  const harness = new Harness(options, { clock, signer });
  return harness;
}

const initOf = (harness: Harness, index = -1): InitRequest['files'][number] =>
  harness.signer.bodies('get_init_signature').at(index)!.files[0]!;

describe('options that the page sets after it has added files', () => {
  const SIGNERS: UploaderOptions[] = [
    { signer: '/sign' },
    { sign: () => Promise.reject(new Error('the fake signer answers instead')) },
    {
      urls: { get_init_signature: '/i', get_chunk_signature: '/c', get_list_signature: '/l', get_end_signature: '/e' },
    },
  ];
  for (const options of SIGNERS)
    it(`${Object.keys(options).join()}: an upload that failed without a signer continues by itself`, async () => {
      const harness = harnessWithoutSigner();
      harness.signer.actions = [];
      await harness.uploader.add([fileOf(10, 'small.bin'), fileOf(2 * PART, 'large.bin')]);
      await harness.until(() => harness.uploader.uploads.every(({ status }) => status === 'failed'));
      expect(harness.detailsOf('mule-error').map(({ error }) => error.code)).to.deep.equal(['no-signer', 'no-signer']);
      harness.uploader.configure(options);
      await harness.finished();
      expect(harness.uploader.uploads.map(({ status, error }) => [status, error])).to.deep.equal([
        ['complete', null],
        ['complete', null],
      ]);
    });

  it('urls of some actions: an upload that failed without one of them continues where it stopped', async () => {
    const harness = harnessWithoutSigner({ urls: { get_init_signature: '/i', get_list_signature: '/l' } });
    harness.signer.actions = [];
    await harness.uploader.add([fileOf(2 * PART)]);
    await harness.until(() => harness.uploadOf('a.bin').status === 'failed');
    expect(harness.uploadOf('a.bin').error?.code).to.equal('no-signer');
    const { urls } = harness.uploader.options;
    harness.uploader.configure({ urls: { ...urls, get_chunk_signature: '/c', get_end_signature: '/e' } });
    await harness.finished();
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(1);
  });

  it('an option that sets no signer does not resume an upload that failed without a signer', async () => {
    const harness = harnessWithoutSigner();
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.uploadOf('a.bin').status === 'failed');
    harness.uploader.configure({ concurrency: 3, params: { a: 1 }, headers: { a: 'b' } });
    await harness.settle();
    expect(harness.detailsOf('mule-error').length).to.equal(1);
  });

  it('signer: an upload that waits for a busy signer calls the new one at once', async () => {
    const harness = new Harness({ signer: '/wrong' });
    harness.signer.always('get_init_signature', deny(503, null, '3600'));
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.uploadOf('a.bin').waitingFor === 'signer');
    harness.signer.always('get_init_signature', null);
    harness.uploader.configure({ signer: '/right' });
    await harness.settle();
    await harness.settle();
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
  });

  for (const options of [{ headers: { a: 'b' } }, { credentials: 'include' }, { params: { token: 'x' } }] as const)
    it(`${Object.keys(options).join()}: an upload that waits for a sign-in calls the signer again at once`, async () => {
      const harness = new Harness();
      harness.signer.next('get_init_signature', deny(401, 'unauthorized'));
      await harness.uploader.add([fileOf(10)]);
      await harness.until(() => harness.uploadOf('a.bin').waitingFor === 'authorization');
      harness.uploader.configure(options);
      await harness.settle();
      await harness.settle();
      expect(harness.uploadOf('a.bin').status).to.equal('complete');
    });

  it('autostart: held uploads start', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10)]);
    harness.uploader.configure({ autostart: true });
    await harness.finished();
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
  });

  it('autostart: uploads that the user has paused stay paused', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10)]);
    harness.uploader.pause();
    harness.uploader.configure({ autostart: true });
    await harness.settle();
    expect(harness.uploadOf('a.bin').status).to.equal('paused');
  });

  it('maxRetries: uploads that failed under the lower limit continue', async () => {
    const harness = new Harness({ maxRetries: 1 });
    harness.signer.always('get_init_signature', deny(500, null));
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.uploadOf('a.bin').error?.code === 'too-many-retries');
    harness.signer.always('get_init_signature', null);
    harness.uploader.configure({ maxRetries: 0 });
    await harness.settle();
    expect(harness.uploadOf('a.bin').status).to.equal('failed');
    harness.uploader.configure({ maxRetries: Infinity });
    await harness.finished();
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
  });

  it('concurrency: more files start at once', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.maxSingleRequestBytes = 0;
    const release = harness.store.hold('part');
    await harness.uploader.add(['a', 'b', 'c'].map((name) => fileOf(2 * PART, name)));
    await harness.until(() => harness.store.count('part') === 1);
    harness.uploader.configure({ concurrency: 3 });
    await harness.until(() => harness.store.count('part') === 3, 'three parts in flight');
    release();
    await harness.finished();
  });

  it('bandwidthLimit: delayed requests are sent once it is removed', async () => {
    const harness = new Harness({ bandwidthLimit: 1, concurrency: 1 });
    await harness.uploader.add([fileOf(1_000, 'a.bin'), fileOf(1_000, 'b.bin')]);
    await harness.until(
      () => harness.uploadOf('a.bin').status === 'complete' || harness.uploadOf('b.bin').status === 'complete',
    );
    harness.uploader.configure({ bandwidthLimit: Infinity });
    await harness.settle();
    await harness.settle();
    expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
  });

  const FILE_OPTIONS: [UploaderOptions, Partial<InitRequest['files'][number]>][] = [
    [{ contentType: 'text/x-late' }, { content_type: 'text/x-late' }],
    [{ acl: 'public-read' }, { acl: 'public-read' }],
    [{ params: { late: true } }, { params: { late: true } }],
    [{ partSize: 3 * PART }, { part_size: 3 * PART }],
    [{ objectKey: 'late/key.bin' }, { object_key: 'late/key.bin' }],
    [{ checksum: 'none' }, { checksums: undefined }],
  ];
  for (const [options, expected] of FILE_OPTIONS)
    it(`${Object.keys(options).join()}: applies to uploads that have not started`, async () => {
      const harness = new Harness({ autostart: false, objectKey: 'early/', checksum: 'crc32' });
      await harness.uploader.add([fileOf(10)]);
      harness.uploader.configure(options);
      harness.uploader.start();
      await harness.finished();
      const file = initOf(harness);
      for (const [name, value] of Object.entries(expected))
        expect(file[name as keyof typeof file], name).to.deep.equal(value);
    });

  it('objectKey: becomes the prefix of the keys of several files', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10, 'a.bin'), fileOf(10, 'b.bin')]);
    harness.uploader.configure({ objectKey: 'late/' });
    harness.uploader.start();
    await harness.finished();
    const files = harness.signer.bodies('get_init_signature').flatMap((body) => body.files);
    expect(files.map(({ object_key }) => object_key)).to.have.members(['late/a.bin', 'late/b.bin']);
  });

  it('stallTimeout: the next request has the new timeout', async () => {
    const timeouts: number[] = [];
    const transport: Transport = {
      send(request) {
        timeouts.push(request.stallTimeout);
        return harness.store.send(request);
      },
      probe: () => harness.store.probe(),
    };
    const clock = new FakeClock();
    const harness = new Harness({ stallTimeout: 30, autostart: false }, { clock, transport });
    await harness.uploader.add([fileOf(10)]);
    harness.uploader.configure({ stallTimeout: 5 });
    harness.uploader.start();
    await harness.finished();
    expect(timeouts).to.deep.equal([5_000]);
  });
});
