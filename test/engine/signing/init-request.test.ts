import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const NAME = 'a.bin';

describe('the request of init', () => {
  it('asks for another multipart upload after a restart, but not when it renews the grant of that one', async () => {
    const harness = new Harness();
    const { signer, store, uploader } = harness;
    let started = 0;
    signer.startUpload = (key) => {
      const id = `started ${++started}`;
      store.uploads.set(id, { key, parts: new Map() });
      return id;
    };
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    signer.next(
      'get_init_signature',
      (proceed) => proceed(),
      (proceed) => mayAnswer.then(proceed),
    );
    store.next('complete', refuse(409, 'ConditionalRequestConflict'));
    await uploader.add([fileOf(2 * MIN_PART_SIZE)]);
    await harness.until(() => signer.count('get_init_signature') === 2, 'the restart');
    // the answer arrives while the upload is paused
    uploader.pause();
    answer();
    await harness.until(() => started === 2);
    await harness.settle();
    // the signatures of the answer expire
    await harness.clock.advance(signer.lifetimeMs);
    signer.next('get_all_signatures', deny(403, 'grant-expired'));
    await uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', uploadId: 'started 2' });
    const files = signer.bodies('get_init_signature').map((body) => body.files[0]!);
    expect(files.map(({ force, grant, upload_id }) => [force, grant, upload_id])).to.deep.equal([
      [undefined, undefined, undefined],
      [true, undefined, undefined],
      [undefined, `grant-${NAME}`, 'started 2'],
    ]);
  });
});
