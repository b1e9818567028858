import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { InitAnswer, InitPost } from '../../../src/protocol.js';
import type { StoredFile } from '../../../src/signer/index.js';
import { verifyReceipt } from '../../../src/signer/index.js';
import { fileOf } from '../caller.js';
import { PART, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness, AttackCaller } from './attack-harness.js';

const SECRET = 'a secret of sixteen';

describe('an attack with the key of another user’s object', () => {
  let harness: AttackHarness;
  const completed: [StoredFile, string | null][] = [];
  before(async () => {
    harness = await startAttackHarness({
      secret: SECRET,
      receipts: true,
      onComplete: (object, principal) => void completed.push([object, principal]),
      policy: { objectKeys: 'shared/' },
    });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const report = async (user: AttackCaller, reference: { key: string; grant: string; upload_id: string }) =>
    user.call('chunk_loaded', { ...reference, chunks: [], state: 'complete' });

  it('gets no receipt for any claimed size, and does not call onComplete', async () => {
    const ada = harness.signIn('ada');
    const mallory = harness.signIn('mallory');
    const contract = { object_key: 'contract.pdf', filesize: 3 };
    const granted = await ada.init(contract);
    await replay(granted.put!, 'abc');
    const { text } = await report(ada, { ...granted, upload_id: '' });
    const { receipt } = JSON.parse(text) as { receipt: string };
    const { key } = await verifyReceipt(receipt, { secret: SECRET, bucket: 'films', principal: 'ada' });
    assert.equal(key, 'shared/contract.pdf');
    assert.deepEqual(
      completed.map(([object, principal]) => [object.key, principal]),
      [[key, 'ada']],
    );

    const claimed = await mallory.init(contract);
    assert.equal(claimed.key, key);
    const answer = await report(mallory, { ...claimed, upload_id: '' });
    assert.deepEqual([answer.status, answer.code], [409, 'not-stored']);
    assert.equal(completed.length, 1);
    // the owner gets no receipt either by another grant for the same key
    const again = await report(ada, { ...(await ada.init(contract)), upload_id: '' });
    assert.deepEqual([again.status, again.code], [409, 'not-stored']);
  });

  it('does not keep the uploader from getting receipts, for one request or several parts, and after a renewal', async () => {
    const ada = harness.signIn('ada');
    const file = { object_key: 'small.bin', filesize: 3 };
    const small = await ada.init(file);
    const renewed = await ada.init({ ...file, key: small.key, grant: small.grant });
    await replay(renewed.put!, 'abc');
    assert.equal((await report(ada, { ...renewed, upload_id: '' })).status, 200);

    const postHarness = await startAttackHarness({
      secret: SECRET,
      receipts: true,
      policy: { objectKeys: 'shared/', posts: true },
    });
    const bob = postHarness.signIn('bob');
    const { text: answer } = await bob.call('get_init_signature', { files: [fileOf({ filesize: 3 })] });
    const { posts, files } = JSON.parse(answer) as Required<InitAnswer>;
    const [posted] = files as [InitPost];
    const form = new FormData();
    const policy = posts[posted.post]!;
    for (const [name, value] of Object.entries({ ...policy.fields, key: posted.key })) form.append(name, value);
    form.append('file', new Blob(['abc']));
    await fetch(policy.url, { method: 'POST', body: form });
    assert.equal((await report(bob, { key: posted.key, grant: posted.grant!, upload_id: '' })).status, 200);
    await postHarness.stop();

    const size = PART + 1;
    const big = await ada.begin({ object_key: 'big.bin', filesize: size });
    const parts = await Promise.all(
      [PART, 1].map(async (bytes, index) => {
        const { text } = await ada.call('get_chunk_signature', { ...big, chunk: index + 1, size: bytes });
        const { headers } = await replay(JSON.parse(text) as { method: string; url: string }, new Uint8Array(bytes));
        return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.get('etag')}</ETag></Part>`;
      }),
    );
    const end = JSON.parse((await ada.call('get_end_signature', { ...big, size })).text) as {
      method: string;
      url: string;
    };
    await replay(end, new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]));
    assert.equal((await report(ada, big)).status, 200);
  });
});
