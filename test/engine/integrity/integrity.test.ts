import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { ChecksumAlgorithm } from '../../../src/protocol.js';
import { flipBit, loseAnswer } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { fileOf, hashOf, Stand } from '../harness.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** A store that verifies that checksum, and a signer that knows it does. */
function standWith(algorithm: ChecksumAlgorithm | null, options: UploaderOptions = {}): Stand {
  const stand = new Stand({ concurrency: 4, ...options });
  if (algorithm) stand.signer.checksums = [algorithm];
  else stand.store.hasMd5 = true;
  return stand;
}

/** Uploads a file, and asserts that the store holds its bytes. */
async function land(stand: Stand, file: File): Promise<Stand> {
  await stand.upload(file);
  await expectLanded(stand, file);
  return stand;
}

async function expectLanded(stand: Stand, file: File): Promise<void> {
  const { status, error } = stand.of(file.name);
  expect(status, error?.message).to.equal('complete');
  expect(await hashOf(stand.store.objects.get(stand.of(file.name).key!)?.body)).to.equal(await hashOf(file));
}

const reasons = (stand: Stand): string[] => stand.all('mule-retry').map(({ reason }) => reason);
const sentOf = (stand: Stand, part: number): number => stand.store.sentParts.filter((sent) => sent === part).length;

describe('an upload with checksums', () => {
  for (const algorithm of ['crc64nvme', 'crc32c', 'crc32', 'sha256'] as const) {
    it(`has every part and the whole verified by ${algorithm}, and tells it`, async () => {
      const stand = await land(standWith(algorithm), fileOf(3 * PART + 7));
      const { checksum, integrity } = stand.of(NAME);
      expect(integrity).to.equal('checksum');
      expect(checksum!.algorithm).to.equal(algorithm);
      expect(stand.all('mule-complete')[0]).to.deep.include({ checksum, integrity });
      const stored = stand.store.objects.get(`files/${NAME}`)!.checksum;
      if (algorithm === 'sha256') expect(checksum!.value).to.match(/^[\w+/]{43}=-4$/);
      else expect(stored).to.deep.equal(checksum);
      const parts = stand.store.seen.filter(({ operation }) => operation === 'part');
      for (const { request } of parts)
        expect(Object.keys(request.headers!)).to.deep.equal([`x-amz-checksum-${algorithm}`]);
      expect(stand.of(NAME).retries).to.equal(0);
    });
  }

  it('names each part’s SHA-256 in Complete, and no whole', async () => {
    const stand = await land(standWith('sha256'), fileOf(2 * PART));
    const { request } = stand.store.seen.find(({ operation }) => operation === 'complete')!;
    const text = await (request.body as Blob).text();
    expect(text.match(/<ChecksumSHA256>[\w+/]{43}=<\/ChecksumSHA256>/g)).to.have.length(2);
    expect(stand.signer.bodies('get_end_signature')[0]).not.to.have.property('checksum');
  });

  it('signs several parts by one call, and none twice', async () => {
    const stand = standWith('crc64nvme');
    // a line that is slower than the machine
    stand.store.always('part', async (_request, proceed) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return proceed();
    });
    await land(stand, fileOf(32 * PART));
    const windows = stand.signer.bodies('get_all_signatures');
    expect(windows.length, windows.map(({ chunks }) => chunks.length).join()).to.be.at.most(16);
    expect(windows.flatMap(({ chunks }) => chunks).sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 32 }, (_, index) => index + 1),
    );
    for (const { chunks, checksums } of windows) expect(Object.keys(checksums!).map(Number)).to.have.members(chunks);
  });

  it('signs parts one by one where the signer knows nothing else', async () => {
    const stand = standWith('crc32c');
    stand.signer.actions = [];
    await land(stand, fileOf(3 * PART));
    expect(stand.of(NAME).integrity).to.equal('checksum');
  });

  it('computes no more than twice the lanes ahead of the parts in flight, and none twice', async () => {
    const stand = standWith('crc64nvme', { concurrency: 2 });
    const file = fileOf(20 * PART);
    const read: number[] = [];
    const { slice } = file;
    file.slice = (start = 0, end = file.size, type) => {
      if (end - start === PART) read.push(start / PART + 1);
      return slice.call(file, start, end, type);
    };
    const release = stand.store.hold('part');
    await stand.uploader.add([file]);
    await stand.until(() => stand.store.count('part') === 2);
    await stand.settle();
    // two in flight, two ready, and twice the lanes
    expect(Math.max(...read)).to.be.at.most(8);
    release();
    await stand.finished();
    await expectLanded(stand, file);
    // once for its checksum, once to be sent
    for (let part = 1; part <= 20; part++) expect(read.filter((one) => one === part)).to.have.length(2);
  });

  it('sends a part again that the store refuses, by the same value', async () => {
    for (const algorithm of ['crc64nvme', 'sha256'] as const) {
      const stand = standWith(algorithm);
      stand.store.next('part 2', flipBit);
      await land(stand, fileOf(3 * PART));
      expect(reasons(stand)).to.deep.equal(['the store answered 400 BadDigest']);
      expect(sentOf(stand, 2)).to.equal(2);
      const asked = stand.signer.bodies('get_all_signatures').flatMap(({ chunks }) => chunks);
      expect(
        asked.filter((chunk) => chunk === 2),
        'signatures of it',
      ).to.have.length(1);
    }
  });

  it('reads the file again after a second refusal: the checksum may be what is wrong', async () => {
    const stand = standWith('crc64nvme');
    const file = fileOf(3 * PART);
    const { slice } = file;
    let reads = 0;
    file.slice = (start = 0, end = file.size, type) => {
      const isFirst = start === PART && end === 2 * PART && ++reads === 1;
      return isFirst ? new Blob([new Uint8Array(PART)]) : slice.call(file, start, end, type);
    };
    await land(stand, file);
    expect(reasons(stand)).to.deep.equal(Array(2).fill('the store answered 400 BadDigest'));
    expect(stand.of(NAME).integrity).to.equal('checksum');
  });

  it('gives up, and says why, where whatever passes is changed', async () => {
    const stand = standWith('crc64nvme');
    stand.store.always('part', flipBit);
    await stand.upload(fileOf(2 * PART));
    expect(stand.of(NAME).error).to.include({ code: 'integrity', retryable: true });
    stand.store.always('part', null);
    stand.uploader.retry();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('begins afresh where the store would make another object than it has confirmed', async () => {
    const stand = standWith('crc64nvme');
    const file = fileOf(3 * PART);
    // after the checksum was verified: no list tells
    const rot: Behaviour = async (_request, proceed) => {
      const answer = await proceed();
      const [{ parts }] = [...stand.store.uploads.values()] as unknown as [{ parts: Map<number, { body: Blob }> }];
      parts.get(2)!.body = new Blob([new Uint8Array(PART)]);
      return answer;
    };
    stand.store.next('part 2', rot);
    await land(stand, file);
    expect(stand.store.count('create')).to.equal(2);
    expect(reasons(stand).at(-1)).to.contain('beginning afresh');
  });

  it('knows the object again by its checksum where the answer to Complete was lost', async () => {
    const stand = standWith('crc64nvme');
    stand.store.next('complete', loseAnswer);
    await land(stand, fileOf(2 * PART));
    expect(stand.of(NAME).integrity).to.equal('checksum');
    expect(stand.of(NAME).checksum).to.deep.equal(stand.store.objects.get(`files/${NAME}`)!.checksum);
    expect(stand.store.count('create')).to.equal(1);
  });

  it('is what the page named, or is said not to be', async () => {
    const stand = standWith('crc32c', { checksum: 'crc32c' });
    await land(stand, fileOf(2 * PART));
    expect(stand.signer.bodies('get_init_signature')[0]!.files[0]!.checksums).to.deep.equal(['crc32c']);
    const said: unknown[] = [];
    const { warn } = console;
    console.warn = (...words) => said.push(words[0]);
    try {
      const other = standWith('crc32c', { checksum: 'crc32' });
      await land(other, fileOf(2 * PART));
      expect(other.of(NAME).integrity).to.equal('unverified');
    } finally {
      console.warn = warn;
    }
    expect(said).to.have.length(1);
    expect(said[0]).to.contain('"crc32"');
  });

  it('computes nothing and offers nothing where the page wants none', async () => {
    let loads = 0;
    const load = () => {
      loads++;
      return Promise.reject(new Error('not wanted'));
    };
    const stand = new Stand({ checksum: 'none' }, { loadChecksums: load });
    stand.signer.checksums = ['crc64nvme'];
    stand.store.hasMd5 = true;
    await land(stand, fileOf(2 * PART));
    expect(loads).to.equal(0);
    expect(stand.signer.bodies('get_init_signature')[0]!.files[0]).not.to.have.property('checksums');
    expect(stand.of(NAME)).to.deep.include({ checksum: null, integrity: 'unverified' });
  });

  it('goes on unchecked, and says so once, where the code cannot be loaded', async () => {
    const said: unknown[] = [];
    const { warn } = console;
    console.warn = (...words) => said.push(words[0]);
    try {
      const stand = new Stand({}, { loadChecksums: () => Promise.reject(new TypeError('failed to fetch')) });
      stand.signer.checksums = ['crc64nvme'];
      const files = [fileOf(2 * PART), fileOf(10, 'b.bin')];
      await stand.upload(...files);
      for (const file of files) await expectLanded(stand, file);
      expect(stand.of(NAME).integrity).to.equal('unverified');
    } finally {
      console.warn = warn;
    }
    expect(said.filter((words) => String(words).includes('could not be loaded'))).to.have.length(1);
  });
});

describe('a file sent by one request', () => {
  it('has its checksum signed along with init, or in the form that is posted', async () => {
    for (const whole of ['put', 'post'] as const) {
      const stand = standWith('crc64nvme');
      stand.signer.whole = whole;
      await land(stand, fileOf(1_000));
      expect(stand.of(NAME).integrity, whole).to.equal('checksum');
      expect(stand.store.objects.get(stand.of(NAME).key!)!.checksum).to.deep.equal(stand.of(NAME).checksum);
      expect(stand.signer.count('get_init_signature')).to.equal(1);
    }
  });

  it('has it signed by a second call where the signer chose another algorithm, and by one from then on', async () => {
    const stand = standWith('crc32c');
    await land(stand, fileOf(1_000));
    expect(stand.signer.count('get_init_signature')).to.equal(2);
    await land(stand, fileOf(2_000, 'b.bin'));
    expect(stand.signer.count('get_init_signature')).to.equal(3);
    expect(stand.of('b.bin').checksum!.algorithm).to.equal('crc32c');
  });

  it('is sent again where it was changed on its way', async () => {
    for (const algorithm of ['crc64nvme', 'sha256'] as const) {
      const stand = standWith(algorithm);
      stand.store.next('put', flipBit);
      await land(stand, fileOf(1_000));
      expect(reasons(stand)).to.deep.equal(['the store answered 400 BadDigest']);
    }
  });
});

describe('an upload to a store that knows no checksums', () => {
  it('is compared by its ETags where these are MD5s', async () => {
    const stand = await land(standWith(null), fileOf(4 * PART + 1));
    expect(stand.of(NAME)).to.deep.include({ checksum: null, integrity: 'etag', retries: 0 });
    const small = await land(standWith(null), fileOf(1_000));
    expect(small.of(NAME).integrity).to.equal('etag');
  });

  it('sends a part again that arrived otherwise, whichever part shows that ETags are MD5s', async () => {
    for (const part of [1, 3, 4]) {
      const stand = standWith(null);
      stand.store.next(`part ${part}`, flipBit);
      await land(stand, fileOf(4 * PART));
      expect(reasons(stand)).to.deep.equal(['the store holds other bytes of it than the file']);
      expect(sentOf(stand, part)).to.equal(2);
      expect(stand.of(NAME).integrity).to.equal('etag');
    }
  });

  it('gives up where a part arrives otherwise time and again', async () => {
    const stand = standWith(null);
    stand.store.next('part 2', ...Array.from({ length: 9 }, () => flipBit));
    await stand.upload(fileOf(4 * PART));
    expect(stand.of(NAME).error).to.include({ code: 'integrity' });
    expect(stand.store.objects.size).to.equal(0);
  });

  it('says that it is unverified where ETags tell nothing', async () => {
    const stand = new Stand();
    await land(stand, fileOf(2 * PART));
    expect(stand.of(NAME).integrity).to.equal('unverified');
    // as of SSE-KMS: they look like MD5s
    const encrypted = new Stand();
    encrypted.store.always('part', async (_request, proceed) => ({
      ...(await proceed()),
      header: (name) => (name === 'ETag' ? `"${'0123456789abcdef'.repeat(2)}"` : null),
    }));
    await encrypted.uploader.add([fileOf(6 * PART)]);
    await encrypted.until(() => encrypted.of(NAME).parts.done === 6);
    expect(encrypted.of(NAME).retries).to.equal(0);
    encrypted.uploader.abort();
  });

  it('begins a small file afresh, under another key, where this store is known to tell MD5s', async () => {
    const stand = standWith(null);
    await land(stand, fileOf(1_000));
    stand.store.next('put', flipBit);
    const file = fileOf(1_000, 'b.bin');
    await land(stand, file);
    expect(reasons(stand)[0]).to.contain('other bytes');
    expect(stand.of('b.bin').integrity).to.equal('etag');
  });
});

describe('an upload gone on with', () => {
  for (const way of ['the checksums that the store lists', 'ETags', 'the whole object’s checksum alone'] as const) {
    it(`has what is stored compared with the file by ${way}, and nothing sent twice`, async () => {
      const file = fileOf(5 * PART);
      const stand = standWith(way === 'ETags' ? null : 'crc64nvme', { concurrency: 2 });
      stand.store.listsChecksums = way === 'the checksums that the store lists';
      await stand.interrupt(file, 2);
      const next = stand.reload({ concurrency: 2 });
      await land(next, file);
      expect(next.of(NAME)).to.include({ recovered: true, integrity: way === 'ETags' ? 'etag' : 'checksum' });
      expect(sentOf(next, 1) + sentOf(next, 2)).to.equal(2);
      expect(next.store.count('create')).to.equal(1);
      expect(next.of(NAME).checksum?.algorithm).to.equal(way === 'ETags' ? undefined : 'crc64nvme');
    });
  }

  it('sends a stored part again that is not the file’s', async () => {
    for (const algorithm of ['crc64nvme', 'sha256', null] as const) {
      const file = fileOf(5 * PART);
      const stand = standWith(algorithm, { concurrency: 2 });
      await stand.interrupt(file, 2);
      const edited = new Uint8Array(await file.arrayBuffer());
      // between the samples that it is recognised by
      edited[PART + 700_001]! ^= 1;
      const now = new File([edited], NAME, { lastModified: file.lastModified });
      const next = stand.reload({ concurrency: 2 });
      await land(next, now);
      expect(next.of(NAME).recovered).to.equal(true);
      expect([sentOf(next, 1), sentOf(next, 2)], String(algorithm)).to.deep.equal([1, 2]);
    }
  });

  it('keeps the algorithm that was agreed on, whatever the page wants by then', async () => {
    const file = fileOf(4 * PART);
    const stand = standWith('sha256', { concurrency: 2 });
    await stand.interrupt(file, 2);
    const next = stand.reload({ concurrency: 2, checksum: 'none' });
    await land(next, file);
    expect(next.of(NAME).checksum!.algorithm).to.equal('sha256');
  });
});
