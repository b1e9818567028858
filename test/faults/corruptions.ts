/** Scenarios in which bytes are corrupted in the page, in transit or in the store, and who detects it. */
import type { Rule } from '../../demo/faults/index.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import { MIB } from './scenario.js';
import type { Detector, Scenario } from './scenario.js';

/** How an upload is verified: by a checksum that the store verifies, or only by the store's ETags. */
type Verification = ChecksumAlgorithm | 'ETag';

const VERIFICATIONS: readonly Verification[] = ['crc64nvme', 'crc32c', 'sha256', 'ETag'];
const BLOCK_SIZE = 65_536;

function flipBit(body: Buffer): Buffer {
  body[body.length >> 1]! ^= 1;
  return body;
}

/** Overwrites 64 KiB with a copy of the 64 KiB before them. */
function repeatBlock(body: Buffer): Buffer {
  body.copy(body, MIB + BLOCK_SIZE, MIB, MIB + BLOCK_SIZE);
  return body;
}

const truncate = (body: Buffer): Buffer => body.subarray(0, -1_000);

/** Returns a function that swaps the bodies of two requests: the first waits for the second. */
function createSwap(): (body: Buffer) => Promise<Buffer> {
  let waiting: { body: Buffer; receive(other: Buffer): void } | null = null;
  return (body) => {
    if (!waiting) return new Promise((resolve) => (waiting = { body, receive: resolve }));
    const other = waiting;
    waiting = null;
    other.receive(body);
    return Promise.resolve(other.body);
  };
}

const once = (part: number, alter: (body: Buffer) => Buffer | Promise<Buffer>): Rule => ({
  on: 'part',
  part,
  times: 1,
  fault: { do: 'alter', alter },
});

/** Corruptions of parts in transit. */
const IN_TRANSIT: Readonly<Record<string, () => Rule[]>> = {
  'one bit is flipped': () => [once(2, flipBit)],
  'two parts are swapped': () => {
    const swap = createSwap();
    return [once(1, swap), once(2, swap)];
  },
  'a block is repeated': () => [once(2, repeatBlock)],
};

const settingsOf = (verification: Verification): Pick<Scenario, 'attributes' | 'signerOptions'> => ({
  attributes: { checksum: verification === 'ETag' ? 'auto' : verification, concurrency: '4' },
  signerOptions: () => ({ checksums: verification === 'ETag' ? [] : [verification] }),
});

const integrityOf = (verification: Verification) => (verification === 'ETag' ? 'etag' : 'checksum');
const detectorOf = (verification: Verification): Detector => (verification === 'ETag' ? 'page' : 'store');
/** Returns the expectation that the corruption is detected; the page detects it after the store has confirmed the part. */
const expectDetection = (verification: Verification): Scenario['expects'] => ({
  detectedBy: detectorOf(verification),
  integrity: integrityOf(verification),
  mayResend: verification === 'ETag',
});
const storesOf = (verification: Verification): NonNullable<Scenario['includedIn']> =>
  verification === 'ETag' ? ['ceph'] : ['ceph-20'];

/** Returns a script with which the nth read of the second part returns zeros. */
const wrongSlice = (nth: number): string => `
  const { slice } = file;
  let reads = 0;
  file.slice = (start = 0, end = file.size, type) => {
    const isCorrupted = start === ${5 * MIB} && end === ${10 * MIB} && ++reads === ${nth};
    return isCorrupted ? new Blob([new Uint8Array(end - start)]) : slice.call(file, start, end, type);
  };`;

function* scenariosFor(verification: Verification): Generator<Scenario> {
  for (const [fault, store] of Object.entries(IN_TRANSIT))
    yield {
      ...settingsOf(verification),
      fault,
      phase: `in transit, ${verification}`,
      store,
      expects: expectDetection(verification),
      includedIn: storesOf(verification),
    };
  // the store detects it in each case, because the length of a part is signed
  yield {
    ...settingsOf(verification),
    fault: 'the end is cut off',
    phase: `in transit, ${verification}`,
    store: [once(2, truncate)],
    expects: { detectedBy: 'store', integrity: integrityOf(verification) },
    includedIn: storesOf(verification),
  };
  for (const [nth, purpose] of verification === 'ETag'
    ? ([[1, 'sent']] as const)
    : ([
        [1, 'checksum'],
        [2, 'sent'],
      ] as const))
    yield {
      ...settingsOf(verification),
      fault: 'the page reads other bytes',
      phase: `${purpose === 'sent' ? 'when it sends' : 'for the checksum'}, ${verification}`,
      hasOwnFile: true,
      corruptionScript: wrongSlice(nth),
      expects: expectDetection(verification),
      includedIn: storesOf(verification),
    };
  yield {
    ...settingsOf(verification),
    fault: 'the store flips a bit before it verifies',
    phase: `part, ${verification}`,
    bucket: () => ({
      supportsChecksums: verification !== 'ETag',
      bitFlip: { partNumber: 2, when: 'before', times: 1 },
    }),
    expects: expectDetection(verification),
  };
  for (const kind of ['put', 'post'] as const)
    yield {
      ...settingsOf(verification),
      fault: 'one bit is flipped',
      phase: `${kind}, ${verification}`,
      size: MIB,
      store: [{ on: kind, times: 1, fault: { do: 'alter', alter: flipBit } }],
      signerOptions: () => ({ ...settingsOf(verification).signerOptions!(), policy: { posts: kind === 'post' } }),
      // one ETag alone does not show whether the store's ETags are MD5 sums
      expects:
        verification === 'ETag'
          ? { detectedBy: 'nobody', integrity: 'unverified', minRetries: 0 }
          : expectDetection(verification),
    };
}

const FLIPPED_AFTER_CHECK: Scenario = {
  ...settingsOf('crc64nvme'),
  fault: 'the store flips a bit after it has verified',
  phase: 'and verifies again at Complete, crc64nvme',
  bucket: () => ({ completeReadsFromDisk: true, bitFlip: { partNumber: 2, when: 'after', times: 1 } }),
  expects: { detectedBy: 'store', integrity: 'checksum', mayResend: true },
};

export const corruptionScenarios: readonly Scenario[] = [
  ...VERIFICATIONS.flatMap((verification) => [...scenariosFor(verification)]),
  FLIPPED_AFTER_CHECK,
  {
    ...FLIPPED_AFTER_CHECK,
    phase: 'and does not verify again, crc64nvme',
    bucket: () => ({ bitFlip: { partNumber: 2, when: 'after', times: 1 } }),
    expects: { detectedBy: 'nobody', integrity: 'checksum', minRetries: 0 },
  },
  {
    ...settingsOf('crc64nvme'),
    fault: 'one bit of every part is flipped',
    phase: 'part, crc64nvme',
    store: [{ on: 'part', fault: { do: 'alter', alter: flipBit } }],
    expects: { status: 'failed', error: 'integrity', detectedBy: 'store', leftovers: 1 },
  },
];
