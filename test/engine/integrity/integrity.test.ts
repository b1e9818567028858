import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { ChecksumAlgorithm } from '../../../src/protocol.js';
import { flipBit, loseResponse } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Creates a harness whose signer offers this checksum, or whose store has MD5s as ETags. */
function harnessWith(algorithm: ChecksumAlgorithm | null, options: UploaderOptions = {}): Harness {
  const harness = new Harness({ concurrency: 4, ...options });
  if (algorithm) harness.signer.checksums = [algorithm];
  else harness.store.hasMd5Etags = true;
  return harness;
}

/** Uploads a file, and asserts that the store holds its bytes. */
async function uploadAndVerify(harness: Harness, file: File): Promise<Harness> {
  await harness.upload(file);
  await expectStored(harness, file);
  return harness;
}

async function expectStored(harness: Harness, file: File): Promise<void> {
  const { status, error } = harness.uploadOf(file.name);
  expect(status, error?.message).to.equal('complete');
  expect(await hashOf(harness.store.objects.get(harness.uploadOf(file.name).key!)?.body)).to.equal(await hashOf(file));
}

const reasons = (harness: Harness): string[] => harness.detailsOf('mule-retry').map(({ reason }) => reason);
const sendCount = (harness: Harness, part: number): number =>
  harness.store.sentParts.filter((sent) => sent === part).length;

describe('an upload with checksums', () => {
  for (const algorithm of ['crc64nvme', 'crc32c', 'crc32', 'sha256'] as const) {
    it(`lets the store verify every part and the object by ${algorithm}, and reports that`, async () => {
      const harness = await uploadAndVerify(harnessWith(algorithm), fileOf(3 * PART + 7));
      const { checksum, integrity } = harness.uploadOf(NAME);
      expect(integrity).to.equal('checksum');
      expect(checksum!.algorithm).to.equal(algorithm);
      expect(harness.detailsOf('mule-complete')[0]).to.deep.include({ checksum, integrity });
      const stored = harness.store.objects.get(`files/${NAME}`)!.checksum;
      if (algorithm === 'sha256') expect(checksum!.value).to.match(/^[\w+/]{43}=-4$/);
      else expect(stored).to.deep.equal(checksum);
      const parts = harness.store.requests.filter(({ operation }) => operation === 'part');
      for (const { request } of parts)
        expect(Object.keys(request.headers!)).to.deep.equal([`x-amz-checksum-${algorithm}`]);
      expect(harness.uploadOf(NAME).retries).to.equal(0);
    });
  }

  it('sends each part’s SHA-256 in Complete, and no SHA-256 of the object', async () => {
    const harness = await uploadAndVerify(harnessWith('sha256'), fileOf(2 * PART));
    const { request } = harness.store.requests.find(({ operation }) => operation === 'complete')!;
    const text = await (request.body as Blob).text();
    expect(text.match(/<ChecksumSHA256>[\w+/]{43}=<\/ChecksumSHA256>/g)).to.have.length(2);
    expect(harness.signer.bodies('get_end_signature')[0]).not.to.have.property('checksum');
  });

  it('requests signatures of several parts in one call, and of no part twice', async () => {
    const harness = harnessWith('crc64nvme');
    // the fake clock does not advance, so no batch is sent early because of slow hashing
    const until = async (isMet: () => boolean): Promise<void> => {
      while (!isMet()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const file = fileOf(32 * PART);
    const release = harness.store.hold('part');
    await harness.uploader.add([file]);
    await until(() => harness.store.count('part') === 4);
    // the first call is for the parts that are hashed when it is made; the next waits for 8 parts, or for all that may be
    // computed ahead
    const first = harness.signer.bodies('get_all_signatures').map(({ chunks }) => chunks.length);
    expect(first.length, first.join()).to.be.at.most(3);
    release();
    let haveEnded = false;
    void harness.uploader.finished().then(() => (haveEnded = true));
    await until(() => haveEnded);
    await expectStored(harness, file);
    const windows = harness.signer.bodies('get_all_signatures');
    expect(windows.flatMap(({ chunks }) => chunks).sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 32 }, (_, index) => index + 1),
    );
    for (const { chunks, checksums } of windows) expect(Object.keys(checksums!).map(Number)).to.have.members(chunks);
  });

  it('requests signatures one at a time if the signer has no other action', async () => {
    const harness = harnessWith('crc32c');
    harness.signer.actions = [];
    await uploadAndVerify(harness, fileOf(3 * PART));
    expect(harness.uploadOf(NAME).integrity).to.equal('checksum');
  });

  it('computes checksums ahead of the parts in flight, for at most twice the concurrency, and none twice', async () => {
    const harness = harnessWith('crc64nvme', { concurrency: 2 });
    const file = fileOf(20 * PART);
    const read: number[] = [];
    const { slice } = file;
    file.slice = (start = 0, end = file.size, type) => {
      if (end - start === PART) read.push(start / PART + 1);
      return slice.call(file, start, end, type);
    };
    const release = harness.store.hold('part');
    await harness.uploader.add([file]);
    await harness.until(() => harness.store.count('part') === 2);
    await harness.settle();
    // two parts in flight, two that are ready to be sent, and twice the concurrency ahead
    expect(Math.max(...read)).to.be.at.most(8);
    release();
    await harness.finished();
    await expectStored(harness, file);
    // the file is read twice: for the checksum, and for the request
    for (let part = 1; part <= 20; part++) expect(read.filter((one) => one === part)).to.have.length(2);
  });

  it('retries a part that the store rejects, with the same checksum', async () => {
    for (const algorithm of ['crc64nvme', 'sha256'] as const) {
      const harness = harnessWith(algorithm);
      harness.store.next('part 2', flipBit);
      await uploadAndVerify(harness, fileOf(3 * PART));
      expect(reasons(harness)).to.deep.equal(['the store answered 400 BadDigest']);
      expect(sendCount(harness, 2)).to.equal(2);
      const signedParts = harness.signer.bodies('get_all_signatures').flatMap(({ chunks }) => chunks);
      expect(
        signedParts.filter((chunk) => chunk === 2),
        'signatures of part 2',
      ).to.have.length(1);
    }
  });

  it('reads the file again after a second rejection, because the checksum may be wrong', async () => {
    const harness = harnessWith('crc64nvme');
    const file = fileOf(3 * PART);
    const { slice } = file;
    let reads = 0;
    file.slice = (start = 0, end = file.size, type) => {
      const isFirst = start === PART && end === 2 * PART && ++reads === 1;
      return isFirst ? new Blob([new Uint8Array(PART)]) : slice.call(file, start, end, type);
    };
    await uploadAndVerify(harness, file);
    expect(reasons(harness)).to.deep.equal(Array(2).fill('the store answered 400 BadDigest'));
    expect(harness.uploadOf(NAME).integrity).to.equal('checksum');
  });

  it('fails with the code `integrity` if the network alters all data', async () => {
    const harness = harnessWith('crc64nvme');
    harness.store.always('part', flipBit);
    await harness.upload(fileOf(2 * PART));
    expect(harness.uploadOf(NAME).error).to.include({ code: 'integrity', retryable: true });
    harness.store.always('part', null);
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('restarts if Complete would create an object that differs from the confirmed parts', async () => {
    const harness = harnessWith('crc64nvme');
    const file = fileOf(3 * PART);
    // the part changes after the store has verified its checksum, so ListParts does not show it
    const corruptAfterVerification: Behaviour = async (_request, proceed) => {
      const answer = await proceed();
      const [{ parts }] = [...harness.store.uploads.values()] as unknown as [{ parts: Map<number, { body: Blob }> }];
      parts.get(2)!.body = new Blob([new Uint8Array(PART)]);
      return answer;
    };
    harness.store.next('part 2', corruptAfterVerification);
    await uploadAndVerify(harness, file);
    expect(harness.store.count('create')).to.equal(2);
    expect(reasons(harness).at(-1)).to.contain('restarting');
  });

  it('recognises the object by its checksum if the response to Complete was lost', async () => {
    const harness = harnessWith('crc64nvme');
    harness.store.next('complete', loseResponse);
    await uploadAndVerify(harness, fileOf(2 * PART));
    expect(harness.uploadOf(NAME).integrity).to.equal('checksum');
    expect(harness.uploadOf(NAME).checksum).to.deep.equal(harness.store.objects.get(`files/${NAME}`)!.checksum);
    expect(harness.store.count('create')).to.equal(1);
  });

  it('uses the algorithm that the page has set, or warns that the signer does not offer it', async () => {
    const harness = harnessWith('crc32c', { checksum: 'crc32c' });
    await uploadAndVerify(harness, fileOf(2 * PART));
    expect(harness.signer.bodies('get_init_signature')[0]!.files[0]!.checksums).to.deep.equal(['crc32c']);
    const warnings: unknown[] = [];
    const { warn } = console;
    console.warn = (...args) => warnings.push(args[0]);
    try {
      const other = harnessWith('crc32c', { checksum: 'crc32' });
      await uploadAndVerify(other, fileOf(2 * PART));
      expect(other.uploadOf(NAME).integrity).to.equal('unverified');
    } finally {
      console.warn = warn;
    }
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain('"crc32"');
  });

  it('computes and offers nothing with checksum "none"', async () => {
    let loads = 0;
    const load = () => {
      loads++;
      return Promise.reject(new Error('not needed'));
    };
    const harness = new Harness({ checksum: 'none' }, { loadHasher: load });
    harness.signer.checksums = ['crc64nvme'];
    harness.store.hasMd5Etags = true;
    await uploadAndVerify(harness, fileOf(2 * PART));
    expect(loads).to.equal(0);
    expect(harness.signer.bodies('get_init_signature')[0]!.files[0]).not.to.have.property('checksums');
    expect(harness.uploadOf(NAME)).to.deep.include({ checksum: null, integrity: 'unverified' });
  });

  it('continues without checksums, and warns once, if the code cannot be loaded', async () => {
    const warnings: unknown[] = [];
    const { warn } = console;
    console.warn = (...args) => warnings.push(args[0]);
    try {
      const harness = new Harness({}, { loadHasher: () => Promise.reject(new TypeError('failed to fetch')) });
      harness.signer.checksums = ['crc64nvme'];
      const files = [fileOf(2 * PART), fileOf(10, 'b.bin')];
      await harness.upload(...files);
      for (const file of files) await expectStored(harness, file);
      expect(harness.uploadOf(NAME).integrity).to.equal('unverified');
    } finally {
      console.warn = warn;
    }
    expect(warnings.filter((warning) => String(warning).includes('could not be loaded'))).to.have.length(1);
  });
});

describe('a file sent in a single request', () => {
  it('has its checksum signed by the init call, or in the form', async () => {
    for (const singleRequest of ['put', 'post'] as const) {
      const harness = harnessWith('crc64nvme');
      harness.signer.singleRequest = singleRequest;
      await uploadAndVerify(harness, fileOf(1_000));
      expect(harness.uploadOf(NAME).integrity, singleRequest).to.equal('checksum');
      expect(harness.store.objects.get(harness.uploadOf(NAME).key!)!.checksum).to.deep.equal(
        harness.uploadOf(NAME).checksum,
      );
      expect(harness.signer.count('get_init_signature')).to.equal(1);
    }
  });

  it('needs a second call if the signer chose another algorithm, and one call after that', async () => {
    const harness = harnessWith('crc32c');
    await uploadAndVerify(harness, fileOf(1_000));
    expect(harness.signer.count('get_init_signature')).to.equal(2);
    await uploadAndVerify(harness, fileOf(2_000, 'b.bin'));
    expect(harness.signer.count('get_init_signature')).to.equal(3);
    expect(harness.uploadOf('b.bin').checksum!.algorithm).to.equal('crc32c');
  });

  it('is sent again if the network has altered it', async () => {
    for (const algorithm of ['crc64nvme', 'sha256'] as const) {
      const harness = harnessWith(algorithm);
      harness.store.next('put', flipBit);
      await uploadAndVerify(harness, fileOf(1_000));
      expect(reasons(harness)).to.deep.equal(['the store answered 400 BadDigest']);
    }
  });
});

describe('an upload to a store without checksums', () => {
  it('is verified by ETags if these are MD5s', async () => {
    const harness = await uploadAndVerify(harnessWith(null), fileOf(4 * PART + 1));
    expect(harness.uploadOf(NAME)).to.deep.include({ checksum: null, integrity: 'etag', retries: 0 });
    const small = await uploadAndVerify(harnessWith(null), fileOf(1_000));
    expect(small.uploadOf(NAME).integrity).to.equal('etag');
  });

  it('resends a part that was altered, even if no earlier part has shown that ETags are MD5s', async () => {
    for (const part of [1, 3, 4]) {
      const harness = harnessWith(null);
      harness.store.next(`part ${part}`, flipBit);
      await uploadAndVerify(harness, fileOf(4 * PART));
      expect(reasons(harness)).to.deep.equal(['the store holds other bytes of it than the file']);
      expect(sendCount(harness, part)).to.equal(2);
      expect(harness.uploadOf(NAME).integrity).to.equal('etag');
    }
  });

  it('fails if the network alters a part repeatedly', async () => {
    const harness = harnessWith(null);
    harness.store.next('part 2', ...Array.from({ length: 9 }, () => flipBit));
    await harness.upload(fileOf(4 * PART));
    expect(harness.uploadOf(NAME).error).to.include({ code: 'integrity' });
    expect(harness.store.objects.size).to.equal(0);
  });

  it('is unverified if ETags are not MD5s', async () => {
    const harness = new Harness();
    await uploadAndVerify(harness, fileOf(2 * PART));
    expect(harness.uploadOf(NAME).integrity).to.equal('unverified');
    // with SSE-KMS, ETags look like MD5s
    const encrypted = new Harness();
    encrypted.store.always('part', async (_request, proceed) => ({
      ...(await proceed()),
      header: (name) => (name === 'ETag' ? `"${'0123456789abcdef'.repeat(2)}"` : null),
    }));
    await encrypted.uploader.add([fileOf(6 * PART)]);
    await encrypted.until(() => encrypted.uploadOf(NAME).parts.done === 6);
    expect(encrypted.uploadOf(NAME).retries).to.equal(0);
    encrypted.uploader.abort();
  });

  it('restarts a small file under another key if the store’s ETags are known to be MD5s', async () => {
    const harness = harnessWith(null);
    await uploadAndVerify(harness, fileOf(1_000));
    harness.store.next('put', flipBit);
    const file = fileOf(1_000, 'b.bin');
    await uploadAndVerify(harness, file);
    expect(reasons(harness)[0]).to.contain('other bytes');
    expect(harness.uploadOf('b.bin').integrity).to.equal('etag');
  });
});

describe('a resumed upload', () => {
  for (const evidence of ['the checksums that the store lists', 'ETags', 'only the checksum of the object'] as const) {
    it(`compares the stored parts with the file by ${evidence}, and sends no part twice`, async () => {
      const file = fileOf(5 * PART);
      const harness = harnessWith(evidence === 'ETags' ? null : 'crc64nvme', { concurrency: 2 });
      harness.store.listsChecksums = evidence === 'the checksums that the store lists';
      await harness.interrupt(file, 2);
      const next = harness.reload({ concurrency: 2 });
      await uploadAndVerify(next, file);
      expect(next.uploadOf(NAME)).to.include({
        recovered: true,
        integrity: evidence === 'ETags' ? 'etag' : 'checksum',
      });
      expect(sendCount(next, 1) + sendCount(next, 2)).to.equal(2);
      expect(next.store.count('create')).to.equal(1);
      expect(next.uploadOf(NAME).checksum?.algorithm).to.equal(evidence === 'ETags' ? undefined : 'crc64nvme');
    });
  }

  it('resends a stored part that differs from the file', async () => {
    for (const algorithm of ['crc64nvme', 'sha256', null] as const) {
      const file = fileOf(5 * PART);
      const harness = harnessWith(algorithm, { concurrency: 2 });
      await harness.interrupt(file, 2);
      const edited = new Uint8Array(await file.arrayBuffer());
      // between the samples of the fingerprint
      edited[PART + 700_001]! ^= 1;
      const editedFile = new File([edited], NAME, { lastModified: file.lastModified });
      const next = harness.reload({ concurrency: 2 });
      await uploadAndVerify(next, editedFile);
      expect(next.uploadOf(NAME).recovered).to.equal(true);
      expect([sendCount(next, 1), sendCount(next, 2)], String(algorithm)).to.deep.equal([1, 2]);
    }
  });

  it('keeps the algorithm of its start, even if the page’s option has changed', async () => {
    const file = fileOf(4 * PART);
    const harness = harnessWith('sha256', { concurrency: 2 });
    await harness.interrupt(file, 2);
    const next = harness.reload({ concurrency: 2, checksum: 'none' });
    await uploadAndVerify(next, file);
    expect(next.uploadOf(NAME).checksum!.algorithm).to.equal('sha256');
  });
});
