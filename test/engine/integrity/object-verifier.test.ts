import { expect } from '@open-wc/testing';
import { hex } from '../../../src/engine/util/bytes.js';
import { md5OfParts, multipartEtag } from '../../../src/engine/integrity/part-digests.js';
import { planParts } from '../../../src/engine/model/part-plan.js';
import { verifyObject } from '../../../src/engine/integrity/object-verifier.js';
import type { ExpectedObject } from '../../../src/engine/integrity/object-verifier.js';
import type { StoredObject } from '../../../src/engine/s3/stored-object.js';
import type { Integrity } from '../../../src/engine/api/types.js';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf } from '../harness.js';

const SIZE = MIN_PART_SIZE + 1_000;
const { signal } = new AbortController();

describe('an object under an upload’s key', () => {
  const file = fileOf(SIZE);
  const plan = planParts(SIZE, MIN_PART_SIZE);
  let etags: string[];
  let etag: string;
  before(async () => {
    const digests = await md5OfParts(file, plan, signal);
    etags = digests.map(hex);
    etag = multipartEtag(digests);
  });

  const verify = (object: Partial<StoredObject>, expected: Partial<ExpectedObject> = {}): Promise<Integrity | null> =>
    verifyObject(
      { size: SIZE, etag: 'x-2', checksums: {}, ...object },
      { plan, isMultipart: true, checksum: null, etags: ['', ''], file, isKeyExclusive: false, ...expected },
      signal,
    );

  it('belongs to the upload if its checksum matches, and does not if it differs', async () => {
    const checksum = { algorithm: 'crc64nvme', value: 'AAAAAAAAAAA=' } as const;
    expect(await verify({ checksums: { crc64nvme: checksum.value } }, { checksum })).to.equal('checksum');
    expect(await verify({ checksums: { crc64nvme: 'BBBBBBBBBBB=' }, etag }, { checksum, etags, isKeyExclusive: true }))
      .to.be.null;
    expect(
      await verify({ checksums: { crc32: 'AAAA' }, etag }, { checksum }),
      'a checksum of another algorithm',
    ).to.equal('etag');
    const composite = { crc64nvme: 'BBBBBBBBBBB=-2' };
    expect(await verify({ checksums: composite, etag }, { checksum }), 'a composite checksum').to.equal('etag');
    expect(await verify({ checksums: composite }, { checksum: { ...checksum, value: 'BBBBBBBBBBB=-2' } })).to.equal(
      'checksum',
    );
  });

  it('belongs to the upload if its ETag is composed of the parts’ ETags; the file is not read', async () => {
    expect(await verify({ etag }, { etags, file: null })).to.equal('etag');
    const encrypted = ['0'.repeat(32), 'f'.repeat(32)];
    const etagOfEncrypted = multipartEtag(
      encrypted.map((partEtag) => Uint8Array.from(partEtag.match(/../g)!, (pair) => parseInt(pair, 16))),
    );
    expect(await verify({ etag: etagOfEncrypted }, { etags: encrypted, file: null })).to.equal('etag');
  });

  it('belongs to the upload by the MD5s of the file if the parts’ ETags are unknown', async () => {
    expect(await verify({ etag })).to.equal('etag');
    expect(await verify({ etag, size: null }), 'the size is unknown too').to.equal('etag');
    const singlePart = planParts(SIZE, SIZE);
    const md5 = hex((await md5OfParts(file, singlePart, signal))[0]!);
    expect(await verify({ etag: md5 }, { plan: singlePart, isMultipart: false, etags: [''] })).to.equal('etag');
    expect(await verify({ etag: 'f'.repeat(32) }, { plan: singlePart, isMultipart: false, etags: [''] })).to.be.null;
  });

  it('does not belong to it if size, number of parts or MD5s differ, even under the upload’s own key', async () => {
    expect(await verify({ etag, size: SIZE - 1 }, { isKeyExclusive: true })).to.be.null;
    expect(await verify({ etag: etag.replace('-2', '-3') }, { isKeyExclusive: true })).to.be.null;
    const other = `${'0'.repeat(32)}-2`;
    expect(await verify({ etag: other }, { etags, isKeyExclusive: true }), 'the ETags of all parts are MD5s').to.be
      .null;
    expect(
      await verify({ etag: other }, { etags: [etags[0]!, ''], isKeyExclusive: true }),
      'the ETag of one part is an MD5',
    ).to.be.null;
  });

  it('belongs to it without MD5s only under the upload’s own key', async () => {
    for (const object of [{ etag: `${'0'.repeat(32)}-2` }, { etag: '' }]) {
      expect(await verify(object, { isKeyExclusive: true }), object.etag).to.equal('unverified');
      expect(await verify(object, { isKeyExclusive: false }), object.etag).to.be.null;
      expect(await verify({ ...object, size: null }, { isKeyExclusive: true }), 'without a size').to.be.null;
      expect(await verify(object, { isKeyExclusive: true, file: null }), 'without the file').to.equal('unverified');
    }
  });
});
