/** The benchmark's scenarios, as data: files, conditions of network and store, and target times. */

export const KIB = 1024;
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** The conditions of network and store. */
export interface Conditions {
  /** Delay of every request, preflights and signer calls included. */
  delayMs?: number;
  /** Upload rate to the store, over all connections together. */
  bytesPerSecond?: number;
  /** How every twentieth request with a file's bytes fails; only the first request of a connection is reset. */
  fault?: '503' | 'reset';
  /** After half of the bytes have arrived, the store closes all connections and accepts none for this time. */
  outageMs?: number;
}

/** `first`: a new browser with an empty profile. `later`: the page is reloaded and sends the same files once more. */
export type Visit = 'first' | 'later';

export interface Scenario {
  id: string;
  title: string;
  files: number;
  /** Bytes of each file; the mean if `sizeOf` is set. */
  size: number;
  /** Bytes of a file by its index. */
  sizeOf?(index: number): number;
  conditions: Conditions;
  /** Whether each client uses its default part size and concurrency; otherwise parts of 8 MiB, 4 at a time. */
  hasClientDefaults: boolean;
  /** Whether clients may upload by POST policy; by default the signer allows only PUT. */
  isPostAllowed: boolean;
  /** Whether a folder with the files is dropped on the page; otherwise the files are chosen in the file input. */
  isDropped?: boolean;
  /**
   * What the signer does besides signing. `tracked`: it has a tracker, issues receipts and calls `onComplete`. `begun`: it
   * creates the multipart uploads itself.
   */
  signer?: 'tracked' | 'begun';
  /** Which visits are measured. */
  visits: readonly Visit[];
  /** The target for this element on a first visit: its time divided by the time of the limit of four PUTs. */
  target: number;
}

export const PART_SIZE = 8 * MIB;
export const CONCURRENCY = 4;

const FIRST_VISIT: readonly Visit[] = ['first'];
const BOTH_VISITS: readonly Visit[] = ['first', 'later'];
const oneFile = (size: number) => ({
  files: 1,
  size,
  conditions: {},
  hasClientDefaults: true,
  isPostAllowed: true,
  visits: BOTH_VISITS,
});
const smallFiles = { ...oneFile(10 * KIB), files: 2_000 };
const NETWORK_100_MBIT: Conditions = { delayMs: 50, bytesPerSecond: 12.5e6 };

export const SCENARIOS: readonly Scenario[] = [
  { ...oneFile(MIB), id: 'medium', title: '200 × 1 MiB, POST allowed', files: 200, target: 1.1 },
  { ...oneFile(MIB), id: 'medium-put', title: '200 × 1 MiB, PUT only', files: 200, isPostAllowed: false, target: 1.15 },
  { ...smallFiles, id: 'small', title: '2,000 × 10 KiB', target: 1.25 },
  {
    ...oneFile(10 * KIB),
    id: 'small-delay',
    title: '200 × 10 KiB, 50 ms on every request',
    files: 200,
    conditions: { delayMs: 50 },
    target: 0.5,
  },
  {
    ...oneFile(256 * MIB),
    id: 'delay',
    title: '256 MiB, 50 ms on every request',
    conditions: { delayMs: 50 },
    target: 0.95,
  },
  {
    ...oneFile(256 * MIB),
    id: 'delay-begun',
    title: '256 MiB, 50 ms on every request, beginMultipart',
    conditions: { delayMs: 50 },
    signer: 'begun',
    visits: FIRST_VISIT,
    target: 0.95,
  },
  {
    ...oneFile(64 * MIB),
    id: 'line-begun',
    title: '64 MiB, 50 ms, 100 Mbit/s, beginMultipart',
    conditions: NETWORK_100_MBIT,
    signer: 'begun',
    visits: FIRST_VISIT,
    target: 1.03,
  },
  {
    ...oneFile(10 * MIB),
    id: 'ten',
    title: '10 MiB, 50 ms on every request',
    conditions: { delayMs: 50 },
    visits: FIRST_VISIT,
    target: 1.5,
  },
  { ...oneFile(64 * MIB), id: 'line', title: '64 MiB, 50 ms, 100 Mbit/s', conditions: NETWORK_100_MBIT, target: 1.03 },
  { ...oneFile(GIB), id: 'fixed', title: '1 GiB, 8 MiB parts, 4 at a time', hasClientDefaults: false, target: 1 },
  { ...oneFile(GIB), id: 'own', title: '1 GiB, own defaults', target: 0.85 },
  {
    ...oneFile(10.5 * KIB),
    id: 'dropped',
    title: 'a dropped folder of 3,000 files of 1 to 20 KiB, PUT only',
    files: 3_000,
    // 7 and 20 have no common divisor: each size occurs equally often
    sizeOf: (index) => (1 + ((index * 7) % 20)) * KIB,
    isPostAllowed: false,
    isDropped: true,
    visits: FIRST_VISIT,
    target: 1.15,
  },
  {
    ...smallFiles,
    id: 'tracked',
    title: '2,000 × 10 KiB with tracker, receipts and onComplete',
    signer: 'tracked',
    visits: FIRST_VISIT,
    target: 1.9,
  },
  {
    ...oneFile(100 * MIB),
    id: 'many-line',
    title: '20 × 100 MiB, 50 ms, 100 Mbit/s',
    files: 20,
    conditions: NETWORK_100_MBIT,
    visits: FIRST_VISIT,
    target: 1.02,
  },
  {
    ...oneFile(GIB),
    id: 'busy',
    title: '1 GiB, 5 % of parts 503',
    conditions: { fault: '503' },
    visits: FIRST_VISIT,
    target: 1.05,
  },
  {
    ...oneFile(GIB),
    id: 'reset',
    title: '1 GiB, 5 % of parts reset',
    conditions: { fault: 'reset' },
    visits: FIRST_VISIT,
    target: 1.05,
  },
  {
    ...oneFile(256 * MIB),
    id: 'gone',
    title: '256 MiB, store gone for 20 s',
    conditions: { outageMs: 20_000 },
    visits: FIRST_VISIT,
    target: 1.05,
  },
];

/** Whether requests fail under these conditions. */
export function hasFault({ fault, outageMs }: Conditions): boolean {
  return Boolean(fault ?? outageMs);
}
