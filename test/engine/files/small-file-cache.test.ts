import { expect } from '@open-wc/testing';
import { isReadWhole } from '../../../src/engine/files/fingerprint.js';
import { SmallFileCache } from '../../../src/engine/files/small-file-cache.js';
import { requestBodyOf } from '../../../src/engine/transfer/single-request-body.js';
import { FakeClock } from '../fake-clock.js';
import { fileOf, hashOf } from '../harness.js';

/** A file that counts how often it is read. */
class CountedFile extends File {
  reads = 0;
  override arrayBuffer(): Promise<ArrayBuffer> {
    this.reads++;
    return super.arrayBuffer();
  }
}

const createCountedFile = (size: number): CountedFile => new CountedFile([fileOf(size)], 'a.bin');

describe('small files', () => {
  it('are read once, for fingerprint and sending', async () => {
    const cache = new SmallFileCache(new FakeClock());
    const file = createCountedFile(1_000);
    const read = await cache.read(file);
    expect(await cache.take(file)).to.equal(read);
    expect(file.reads).to.equal(1);
    await cache.take(file);
    expect(file.reads, 'taken bytes are not cached any longer').to.equal(2);
  });

  it('are read again after some seconds', async () => {
    const clock = new FakeClock();
    const cache = new SmallFileCache(clock);
    const file = createCountedFile(1_000);
    await cache.read(file);
    await clock.advance(10_000);
    await cache.take(file);
    expect(file.reads).to.equal(2);
  });

  it('are cached up to a few MiB; the oldest are removed first', async () => {
    const clock = new FakeClock();
    const cache = new SmallFileCache(clock);
    const many = Array.from({ length: 60 }, () => createCountedFile(100_000));
    for (const file of many) await cache.read(file);
    for (const file of many) await cache.take(file);
    expect(many.filter(({ reads }) => reads === 1).length).to.be.within(30, 45);
    const others = Array.from({ length: 60 }, () => createCountedFile(100_000));
    for (const file of others) await cache.read(file);
    await clock.advance(10_000);
    const last = createCountedFile(100_000);
    await cache.read(last);
    await cache.take(last);
    expect(last.reads).to.equal(1);
  });
});

describe('the body of a single request', () => {
  const take = async (file: File): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await file.arrayBuffer());

  it('is the file’s bytes, without a type unless the content type is signed', async () => {
    for (const size of [0, 1_000, 300_000]) {
      const file = new File([fileOf(size)], 'a.txt', { type: 'text/plain' });
      const signed = await requestBodyOf(file, null, { 'Content-Type': 'text/plain' }, take);
      // it is read before only if it was read for the fingerprint
      expect(signed.body instanceof Uint8Array).to.equal(isReadWhole(file));
      expect(signed.body instanceof Uint8Array || signed.body === file).to.be.true;
      const untyped = new File([file], 'a', {});
      const plain = await requestBodyOf(untyped, null, {}, take);
      expect(plain.body instanceof Uint8Array || plain.body === untyped).to.be.true;
      const { body, headers } = await requestBodyOf(file, null, { 'x-amz-acl': 'private' }, take);
      expect(headers).to.be.undefined;
      expect(new Response(body as BodyInit).headers.get('content-type') ?? '').to.equal('');
      expect(await hashOf(new Blob([body as BlobPart]))).to.equal(await hashOf(file));
    }
  });

  it('is a form with the file last for POST, from memory and from disk', async () => {
    for (const size of [0, 1_000, 300_000]) {
      const file = fileOf(size, 'ä "quoted".bin');
      const fields = { policy: 'e30=', key: 'a/“b” ü\r\n--x.bin' };
      const { body, headers } = await requestBodyOf(file, fields, {}, take);
      // its bytes are cached if it was read for the fingerprint
      expect(body instanceof Uint8Array).to.equal(isReadWhole(file));
      // WebKit cannot read back a form that contains a Blob
      const isForm = body instanceof FormData;
      const form = isForm ? body : await new Response(body as BodyInit, headers && { headers }).formData();
      expect([...form.keys()]).to.deep.equal(['policy', 'key', 'file']);
      expect(form.get('key')).to.equal(fields.key);
      const sent = form.get('file') as File;
      // an untyped part is sent with this type
      expect([sent.name, sent.type]).to.deep.equal(['blob', isForm ? '' : 'application/octet-stream']);
      expect(await hashOf(sent)).to.equal(await hashOf(file));
    }
  });
});
