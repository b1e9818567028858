/** Bytes that are corrupted on disk, in the page, in transit and in the store: who detects it, and the outcome. */
import type { Rule } from '../../demo/faults/index.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import { MIB } from './scenario.js';
import type { Catcher, Scenario } from './scenario.js';

/** How an upload is verified: by a checksum that the store verifies, or only by the store's ETags. */
type Way = ChecksumAlgorithm | 'ETag';

const WAYS: readonly Way[] = ['crc64nvme', 'crc32c', 'sha256', 'ETag'];
const BLOCK = 65_536;

function flipped(body: Buffer): Buffer {
  body[body.length >> 1]! ^= 1;
  return body;
}

/** The same 64 KiB twice, in place of the next 64 KiB. */
function repeated(body: Buffer): Buffer {
  body.copy(body, MIB + BLOCK, MIB, MIB + BLOCK);
  return body;
}

const truncated = (body: Buffer): Buffer => body.subarray(0, -1_000);

/** Swaps two bodies that arrive at the same time. */
function swapping(): (body: Buffer) => Promise<Buffer> {
  let waiting: { body: Buffer; give(other: Buffer): void } | null = null;
  return (body) => {
    if (!waiting) return new Promise((resolve) => (waiting = { body, give: resolve }));
    const other = waiting;
    waiting = null;
    other.give(body);
    return Promise.resolve(other.body);
  };
}

const once = (part: number, alter: (body: Buffer) => Buffer | Promise<Buffer>): Rule => ({
  on: 'part',
  part,
  times: 1,
  fault: { do: 'alter', alter },
});

/** Corruptions of parts on their way to the store. */
const ON_THE_WAY: Readonly<Record<string, () => Rule[]>> = {
  'one bit is flipped': () => [once(2, flipped)],
  'two parts are swapped': () => {
    const swap = swapping();
    return [once(1, swap), once(2, swap)];
  },
  'a block is repeated': () => [once(2, repeated)],
};

const base = (way: Way): Pick<Scenario, 'attributes' | 'signerOptions'> => ({
  attributes: { checksum: way === 'ETag' ? 'auto' : way, concurrency: '4' },
  signerOptions: () => ({ checksums: way === 'ETag' ? [] : [way] }),
});

const checkedBy = (way: Way) => (way === 'ETag' ? 'etag' : 'checksum');
const refusedBy = (way: Way): Catcher => (way === 'ETag' ? 'page' : 'store');
/** A confirmed part that turns out to be wrong is sent again. */
const caught = (way: Way): Scenario['expects'] => ({
  caughtBy: refusedBy(way),
  integrity: checkedBy(way),
  resends: way === 'ETag',
});
const where = (way: Way): NonNullable<Scenario['in']> => (way === 'ETag' ? ['ceph'] : ['ceph-20']);

/** The nth read of the second part returns other bytes. */
const wrongSlice = (nth: number): string => `
  const { slice } = file;
  let reads = 0;
  file.slice = (start = 0, end = file.size, type) => {
    const isIt = start === ${5 * MIB} && end === ${10 * MIB} && ++reads === ${nth};
    return isIt ? new Blob([new Uint8Array(end - start)]) : slice.call(file, start, end, type);
  };`;

function* perWay(way: Way): Generator<Scenario> {
  for (const [fault, store] of Object.entries(ON_THE_WAY))
    yield { ...base(way), fault, phase: `on the way, ${way}`, store, expects: caught(way), in: where(way) };
  // the length of a part is signed, with and without checksums
  yield {
    ...base(way),
    fault: 'the end is cut off',
    phase: `on the way, ${way}`,
    store: [once(2, truncated)],
    expects: { caughtBy: 'store', integrity: checkedBy(way) },
    in: where(way),
  };
  for (const [nth, what] of way === 'ETag'
    ? ([[1, 'sent']] as const)
    : ([
        [1, 'checksum'],
        [2, 'sent'],
      ] as const))
    yield {
      ...base(way),
      fault: 'the page reads other bytes',
      phase: `${what === 'sent' ? 'to be sent' : 'for the checksum'}, ${way}`,
      ownFile: true,
      spoilPage: wrongSlice(nth),
      expects: caught(way),
      in: where(way),
    };
  yield {
    ...base(way),
    fault: 'the store flips a bit before it looks',
    phase: `part, ${way}`,
    bucket: () => ({ supportsChecksums: way !== 'ETag', bitFlip: { partNumber: 2, when: 'before', times: 1 } }),
    expects: caught(way),
  };
  for (const kind of ['put', 'post'] as const)
    yield {
      ...base(way),
      fault: 'one bit is flipped',
      phase: `${kind}, ${way}`,
      size: MIB,
      store: [{ on: kind, times: 1, fault: { do: 'alter', alter: flipped } }],
      signerOptions: () => ({ ...base(way).signerOptions!(), policy: { posts: kind === 'post' } }),
      // a single ETag does not show whether it is an MD5
      expects: way === 'ETag' ? { caughtBy: 'nobody', integrity: 'unverified', retries: 0 } : caught(way),
    };
}

const MEMORY: Scenario = {
  ...base('crc64nvme'),
  fault: 'the store flips a bit after it has looked',
  phase: 'and reads back at Complete, crc64nvme',
  bucket: () => ({ completeReadsFromDisk: true, bitFlip: { partNumber: 2, when: 'after', times: 1 } }),
  expects: { caughtBy: 'store', integrity: 'checksum', resends: true },
};

export const corruptionScenarios: readonly Scenario[] = [
  ...WAYS.flatMap((way) => [...perWay(way)]),
  MEMORY,
  {
    ...MEMORY,
    phase: 'and never looks again, crc64nvme',
    bucket: () => ({ bitFlip: { partNumber: 2, when: 'after', times: 1 } }),
    expects: { caughtBy: 'nobody', integrity: 'checksum', retries: 0 },
  },
  {
    ...base('crc64nvme'),
    fault: 'whatever passes is changed',
    phase: 'part, crc64nvme',
    store: [{ on: 'part', fault: { do: 'alter', alter: flipped } }],
    expects: { status: 'failed', error: 'integrity', caughtBy: 'store', leftovers: 1 },
  },
];
