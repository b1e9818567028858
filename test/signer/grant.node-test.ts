import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSealer } from '../../src/signer/grant.js';
import type { Grant } from '../../src/signer/grant.js';

const GRANT: Grant = {
  key: 'a/ü "b".bin',
  size: 10,
  partSize: 5,
  checksum: null,
  principal: 'p',
  begun: 1,
  issued: 2,
  marks: ['m', 'n'],
};
const OLD = 'an old secret text';
const NEW = 'a new secret text';
const isRefusal = (code: string) => ({ name: 'SignerRefusal', status: 403, code });

describe('grant', () => {
  it('opens to what was sealed', async () => {
    const sealer = createSealer([OLD], 'bucket');
    for (const marks of [[], ['m', 'n']]) {
      for (const checksum of [null, 'crc64nvme', 'sha256'] as const) {
        const grant = { ...GRANT, checksum, marks };
        assert.deepEqual(await sealer.open(await sealer.seal(grant)), grant);
      }
    }
  });

  it('does not open once any character of it is another', async () => {
    const sealer = createSealer([OLD], 'bucket');
    const sealed = await sealer.seal(GRANT);
    for (let index = 0; index < sealed.length; index += 1) {
      const forged = sealed.slice(0, index) + (sealed[index] === 'A' ? 'x' : 'A') + sealed.slice(index + 1);
      await assert.rejects(sealer.open(forged), { name: 'SignerRefusal', status: 403 }, `character ${index}`);
    }
  });

  it('does not open with parts missing, added or empty', async () => {
    const sealer = createSealer([OLD], 'bucket');
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

  it('does not open for another bucket, though the secret is the same', async () => {
    const sealed = await createSealer([OLD], 'bucket').seal(GRANT);
    await assert.rejects(createSealer([OLD], 'other').open(sealed), isRefusal('grant-invalid'));
  });

  it('outlives the rotation of secrets while the old one is listed, and is outdated after', async () => {
    const sealed = await createSealer([OLD], 'bucket').seal(GRANT);
    const rotated = createSealer([NEW, OLD], 'bucket');
    assert.deepEqual(await rotated.open(sealed), GRANT);
    assert.deepEqual(await createSealer([NEW], 'bucket').open(await rotated.seal(GRANT)), GRANT);
    await assert.rejects(createSealer([NEW], 'bucket').open(sealed), isRefusal('grant-expired'));
  });
});
