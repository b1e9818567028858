import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSealer } from '../../../src/signer/grants/grant.js';
import type { Grant } from '../../../src/signer/grants/grant.js';
import { createSeal } from '../../../src/signer/grants/seal.js';

const GRANT: Grant = {
  key: 'a/ü "b".bin',
  size: 10,
  partSize: 5,
  checksum: null,
  principal: 'p',
  begun: 1,
  issued: 2,
  claims: 'c',
  marks: ['m', 'n'],
};
const AUDIENCE = { name: '', storeId: 'amazon', region: 'us-east-1', bucket: 'bucket' };
const OLD_SECRET = 'an old secret text';
const NEW_SECRET = 'a new secret text';
const isRefusal = (code: string) => ({ name: 'SignerRefusal', status: 403, code });

describe('grant', () => {
  it('opens with the content that was sealed', async () => {
    const sealer = createSealer([OLD_SECRET], AUDIENCE);
    for (const marks of [[], ['m', 'n']]) {
      for (const checksum of [null, 'crc64nvme', 'sha256'] as const) {
        const grant = { ...GRANT, checksum, marks };
        assert.deepEqual(await sealer.open(await sealer.seal(grant)), grant);
      }
    }
  });

  it('does not open if any character has changed', async () => {
    const sealer = createSealer([OLD_SECRET], AUDIENCE);
    const sealed = await sealer.seal(GRANT);
    for (let index = 0; index < sealed.length; index += 1) {
      const forged = sealed.slice(0, index) + (sealed[index] === 'A' ? 'x' : 'A') + sealed.slice(index + 1);
      await assert.rejects(sealer.open(forged), { name: 'SignerRefusal', status: 403 }, `character ${index}`);
    }
  });

  it('does not open with parts missing, added or empty', async () => {
    const sealer = createSealer([OLD_SECRET], AUDIENCE);
    const sealed = await sealer.seal(GRANT);
    const [id, payload] = sealed.split('.');
    for (const forged of [
      '',
      '.',
      '..',
      `${id}.${payload}.`,
      `${id}.${payload}`,
      `${sealed}.`,
      `${sealed}A`,
      '💣.💣.💣',
    ]) {
      await assert.rejects(sealer.open(forged), isRefusal('grant-invalid'), forged);
    }
  });

  it('does not open for another name, store, region or bucket with the same secret', async () => {
    const sealed = await createSealer([OLD_SECRET], AUDIENCE).seal(GRANT);
    for (const change of [{ name: 'b' }, { storeId: 'https://b' }, { region: 'b' }, { bucket: 'b' }]) {
      await assert.rejects(
        createSealer([OLD_SECRET], { ...AUDIENCE, ...change }).open(sealed),
        isRefusal('grant-expired'),
      );
    }
  });

  describe('of release 0.1.0', () => {
    const sealFor = (bucket: string): Promise<string> =>
      createSeal([OLD_SECRET], `mule-upload grant 1\n${bucket}`).seal([GRANT.key, 10, 5, 'p', 1, 2, 'm', 'n']);

    it('is refused as expired, so that the upload restarts', async () => {
      await assert.rejects(
        createSealer([OLD_SECRET], AUDIENCE).open(await sealFor('bucket')),
        isRefusal('grant-expired'),
      );
    });

    it('is refused as invalid if it is for another bucket, because the bucket is part of its seal', async () => {
      await assert.rejects(
        createSealer([OLD_SECRET], AUDIENCE).open(await sealFor('other')),
        isRefusal('grant-invalid'),
      );
    });
  });

  it('stays valid after a rotation of secrets while the old secret is listed, and is refused as expired after that', async () => {
    const sealed = await createSealer([OLD_SECRET], AUDIENCE).seal(GRANT);
    const rotated = createSealer([NEW_SECRET, OLD_SECRET], AUDIENCE);
    assert.deepEqual(await rotated.open(sealed), GRANT);
    assert.deepEqual(await createSealer([NEW_SECRET], AUDIENCE).open(await rotated.seal(GRANT)), GRANT);
    await assert.rejects(createSealer([NEW_SECRET], AUDIENCE).open(sealed), isRefusal('grant-expired'));
  });
});
