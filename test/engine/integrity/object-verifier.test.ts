import { expect } from '@open-wc/testing';
import { hex } from '../../../src/engine/util/bytes.js';
import { md5OfParts, multipartEtag } from '../../../src/engine/integrity/part-digests.js';
import { planParts } from '../../../src/engine/model/part-plan.js';
import { verifyObject } from '../../../src/engine/integrity/object-verifier.js';
import type { ExpectedObject } from '../../../src/engine/integrity/object-verifier.js';
import type { StoredObject } from '../../../src/engine/s3/client.js';
import type { Integrity } from '../../../src/engine/api/types.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf } from '../harness.js';

const SIZE = MIN_PART_SIZE + 1_000;
const { signal } = new AbortController();

describe('an object under an upload’s key', () => {
  const file = fileOf(SIZE);
  const cut = planParts(SIZE, MIN_PART_SIZE);
  let etags: string[];
  let etag: string;
  before(async () => {
    const digests = await md5OfParts(file, cut, signal);
    etags = digests.map(hex);
    etag = multipartEtag(digests);
  });

  const judge = (object: Partial<StoredObject>, expected: Partial<ExpectedObject> = {}): Promise<Integrity | null> =>
    verifyObject(
      { size: SIZE, etag: 'x-2', checksums: {}, ...object },
      { plan: cut, isMultipart: true, checksum: null, etags: ['', ''], file, isKeyOwn: false, ...expected },
      signal,
    );

  it('is the upload’s where the object’s checksum matches, and not where it differs', async () => {
    const checksum = { algorithm: 'crc64nvme', value: 'AAAAAAAAAAA=' } as const;
    expect(await judge({ checksums: { crc64nvme: checksum.value } }, { checksum })).to.equal('checksum');
    expect(await judge({ checksums: { crc64nvme: 'BBBBBBBBBBB=' }, etag }, { checksum, etags, isKeyOwn: true })).to.be
      .null;
    expect(await judge({ checksums: { crc32: 'AAAA' }, etag }, { checksum }), 'one of another kind').to.equal('etag');
    const composite = { crc64nvme: 'BBBBBBBBBBB=-2' };
    expect(await judge({ checksums: composite, etag }, { checksum }), 'one of the parts’').to.equal('etag');
    expect(await judge({ checksums: composite }, { checksum: { ...checksum, value: 'BBBBBBBBBBB=-2' } })).to.equal(
      'checksum',
    );
  });

  it('is the upload’s where its ETag is made of the parts’ ETags, without reading the file', async () => {
    expect(await judge({ etag }, { etags, file: null })).to.equal('etag');
    const encrypted = ['0'.repeat(32), 'f'.repeat(32)];
    const made = multipartEtag(
      encrypted.map((one) => Uint8Array.from(one.match(/../g)!, (pair) => parseInt(pair, 16))),
    );
    expect(await judge({ etag: made }, { etags: encrypted, file: null })).to.equal('etag');
  });

  it('is the upload’s by the MD5s of the file where the parts’ ETags are unknown', async () => {
    expect(await judge({ etag })).to.equal('etag');
    expect(await judge({ etag, size: null }), 'nor the size').to.equal('etag');
    const whole = planParts(SIZE, SIZE);
    const md5 = hex((await md5OfParts(file, whole, signal))[0]!);
    expect(await judge({ etag: md5 }, { plan: whole, isMultipart: false, etags: [''] })).to.equal('etag');
    expect(await judge({ etag: 'f'.repeat(32) }, { plan: whole, isMultipart: false, etags: [''] })).to.be.null;
  });

  it('is another’s where size, number of parts or MD5s differ, even under the upload’s own key', async () => {
    expect(await judge({ etag, size: SIZE - 1 }, { isKeyOwn: true })).to.be.null;
    expect(await judge({ etag: etag.replace('-2', '-3') }, { isKeyOwn: true })).to.be.null;
    const other = `${'0'.repeat(32)}-2`;
    expect(await judge({ etag: other }, { etags, isKeyOwn: true }), 'all ETags are known MD5s').to.be.null;
    expect(await judge({ etag: other }, { etags: [etags[0]!, ''], isKeyOwn: true }), 'one is').to.be.null;
  });

  it('counts as the upload’s without MD5s only under the upload’s own key', async () => {
    for (const object of [{ etag: `${'0'.repeat(32)}-2` }, { etag: '' }]) {
      expect(await judge(object, { isKeyOwn: true }), object.etag).to.equal('unverified');
      expect(await judge(object, { isKeyOwn: false }), object.etag).to.be.null;
      expect(await judge({ ...object, size: null }, { isKeyOwn: true }), 'without a size').to.be.null;
      expect(await judge(object, { isKeyOwn: true, file: null }), 'without the file').to.equal('unverified');
    }
  });
});
