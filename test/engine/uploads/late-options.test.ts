import { expect } from '@open-wc/testing';
import { UploadError } from '../../../src/engine/api/errors.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';
import type { SignerPort, Transport } from '../../../src/engine/ports.js';
import { MIN_PART_SIZE as PART } from '../../../src/limits.js';
import type { InitRequest } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { HandClock } from '../fake-clock.js';
import { Stand, fileOf } from '../harness.js';

/** A stand whose signer port refuses with `no-signer` until the options name a signer, as the browser's does. */
function standWithoutSigner(options: UploaderOptions = {}): Stand {
  const clock = new HandClock();
  const signer: SignerPort = {
    call: (action, body) => {
      const { signer: url, urls, sign } = stand.uploader.options;
      if (!sign && !url && urls[action] === undefined) throw new UploadError('no-signer', `No signer for ${action}.`);
      return stand.signer.call(action, body);
    },
  };
  const stand = new Stand(options, { clock, signer });
  return stand;
}

const initOf = (stand: Stand, index = -1): InitRequest['files'][number] =>
  stand.signer.bodies('get_init_signature').at(index)!.files[0]!;

describe('options that come after files', () => {
  const SIGNERS: UploaderOptions[] = [
    { signer: '/sign' },
    { sign: () => Promise.reject(new Error('the port stands in for it')) },
    {
      urls: { get_init_signature: '/i', get_chunk_signature: '/c', get_list_signature: '/l', get_end_signature: '/e' },
    },
  ];
  for (const options of SIGNERS)
    it(`${Object.keys(options).join()}: what failed without a signer goes on by itself`, async () => {
      const stand = standWithoutSigner();
      stand.signer.actions = [];
      await stand.uploader.add([fileOf(10, 'small.bin'), fileOf(2 * PART, 'large.bin')]);
      await stand.until(() => stand.uploader.uploads.every(({ status }) => status === 'failed'));
      expect(stand.all('mule-error').map(({ error }) => error.code)).to.deep.equal(['no-signer', 'no-signer']);
      stand.uploader.configure(options);
      await stand.finished();
      expect(stand.uploader.uploads.map(({ status, error }) => [status, error])).to.deep.equal([
        ['complete', null],
        ['complete', null],
      ]);
    });

  it('urls of a single action: what failed in the middle for lack of it goes on where it was', async () => {
    const stand = standWithoutSigner({ urls: { get_init_signature: '/i', get_list_signature: '/l' } });
    stand.signer.actions = [];
    await stand.uploader.add([fileOf(2 * PART)]);
    await stand.until(() => stand.of('a.bin').status === 'failed');
    expect(stand.of('a.bin').error?.code).to.equal('no-signer');
    const { urls } = stand.uploader.options;
    stand.uploader.configure({ urls: { ...urls, get_chunk_signature: '/c', get_end_signature: '/e' } });
    await stand.finished();
    expect(stand.of('a.bin').status).to.equal('complete');
    expect(stand.store.count('create')).to.equal(1);
  });

  it('an option that names no signer leaves what failed without one as it is', async () => {
    const stand = standWithoutSigner();
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.of('a.bin').status === 'failed');
    stand.uploader.configure({ concurrency: 3, params: { a: 1 }, headers: { a: 'b' } });
    await stand.settle();
    expect(stand.all('mule-error').length).to.equal(1);
  });

  it('signer: what waits for a signer that does not answer asks the new one at once', async () => {
    const stand = new Stand({ signer: '/wrong' });
    stand.signer.always('get_init_signature', deny(503, null, '3600'));
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.of('a.bin').waitingFor === 'signer');
    stand.signer.always('get_init_signature', null);
    stand.uploader.configure({ signer: '/right' });
    await stand.settle();
    await stand.settle();
    expect(stand.of('a.bin').status).to.equal('complete');
  });

  for (const options of [{ headers: { a: 'b' } }, { credentials: 'include' }, { params: { token: 'x' } }] as const)
    it(`${Object.keys(options).join()}: what waits for authorization asks again at once`, async () => {
      const stand = new Stand();
      stand.signer.next('get_init_signature', deny(401, 'unauthorized'));
      await stand.uploader.add([fileOf(10)]);
      await stand.until(() => stand.of('a.bin').waitingFor === 'authorization');
      stand.uploader.configure(options);
      await stand.settle();
      await stand.settle();
      expect(stand.of('a.bin').status).to.equal('complete');
    });

  it('autostart: what was held begins', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10)]);
    stand.uploader.configure({ autostart: true });
    await stand.finished();
    expect(stand.of('a.bin').status).to.equal('complete');
  });

  it('autostart leaves what was paused by the user', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10)]);
    stand.uploader.pause();
    stand.uploader.configure({ autostart: true });
    await stand.settle();
    expect(stand.of('a.bin').status).to.equal('paused');
  });

  it('maxRetries: what has failed under the lower limit goes on', async () => {
    const stand = new Stand({ maxRetries: 1 });
    stand.signer.always('get_init_signature', deny(500, null));
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.of('a.bin').error?.code === 'too-many-retries');
    stand.signer.always('get_init_signature', null);
    stand.uploader.configure({ maxRetries: 0 });
    await stand.settle();
    expect(stand.of('a.bin').status).to.equal('failed');
    stand.uploader.configure({ maxRetries: Infinity });
    await stand.finished();
    expect(stand.of('a.bin').status).to.equal('complete');
  });

  it('concurrency: more files begin at once', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.signer.wholeUpTo = 0;
    const release = stand.store.hold('part');
    await stand.uploader.add(['a', 'b', 'c'].map((name) => fileOf(2 * PART, name)));
    await stand.until(() => stand.store.count('part') === 1);
    stand.uploader.configure({ concurrency: 3 });
    await stand.until(() => stand.store.count('part') === 3, 'three parts in flight');
    release();
    await stand.finished();
  });

  it('bandwidthLimit: what it held back is sent once it is gone', async () => {
    const stand = new Stand({ bandwidthLimit: 1, concurrency: 1 });
    await stand.uploader.add([fileOf(1_000, 'a.bin'), fileOf(1_000, 'b.bin')]);
    await stand.until(() => stand.of('a.bin').status === 'complete' || stand.of('b.bin').status === 'complete');
    stand.uploader.configure({ bandwidthLimit: Infinity });
    await stand.settle();
    await stand.settle();
    expect(stand.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
  });

  const WISHES: [UploaderOptions, Partial<InitRequest['files'][number]>][] = [
    [{ contentType: 'text/x-late' }, { content_type: 'text/x-late' }],
    [{ acl: 'public-read' }, { acl: 'public-read' }],
    [{ params: { late: true } }, { params: { late: true } }],
    [{ partSize: 3 * PART }, { part_size: 3 * PART }],
    [{ objectKey: 'late/key.bin' }, { object_key: 'late/key.bin' }],
    [{ checksum: 'none' }, { checksums: undefined }],
  ];
  for (const [options, expected] of WISHES)
    it(`${Object.keys(options).join()}: what has not begun takes it`, async () => {
      const stand = new Stand({ autostart: false, objectKey: 'early/', checksum: 'crc32' });
      await stand.uploader.add([fileOf(10)]);
      stand.uploader.configure(options);
      stand.uploader.start();
      await stand.finished();
      const file = initOf(stand);
      for (const [name, value] of Object.entries(expected))
        expect(file[name as keyof typeof file], name).to.deep.equal(value);
    });

  it('objectKey: stays a prefix for several files', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10, 'a.bin'), fileOf(10, 'b.bin')]);
    stand.uploader.configure({ objectKey: 'late/' });
    stand.uploader.start();
    await stand.finished();
    const files = stand.signer.bodies('get_init_signature').flatMap((body) => body.files);
    expect(files.map(({ object_key }) => object_key)).to.have.members(['late/a.bin', 'late/b.bin']);
  });

  it('stallTimeout: the next request is dropped after the new time', async () => {
    const timeouts: number[] = [];
    const transport: Transport = {
      send(request) {
        timeouts.push(request.stallTimeout);
        return stand.store.send(request);
      },
      probe: () => stand.store.probe(),
    };
    const clock = new HandClock();
    const stand = new Stand({ stallTimeout: 30, autostart: false }, { clock, transport });
    await stand.uploader.add([fileOf(10)]);
    stand.uploader.configure({ stallTimeout: 5 });
    stand.uploader.start();
    await stand.finished();
    expect(timeouts).to.deep.equal([5_000]);
  });
});
