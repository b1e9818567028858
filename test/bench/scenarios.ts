/** The benchmark's scenarios, as data: files, conditions of network and store, and our targets. */

export const KIB = 1024;
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** The conditions of network and store. */
export interface Conditions {
  /** Milliseconds before any request is accepted, preflights and signer calls too. */
  delay?: number;
  /** Bytes per second towards the store, over all connections. */
  rate?: number;
  /** The fault of every twentieth request with a file's bytes; resets apply to new connections only. */
  fault?: '503' | 'reset';
  /** Milliseconds in which no connection is accepted, once half of the bytes have arrived. */
  gone?: number;
}

/** `first`: a new profile in a new browser; `later`: the same work again after the page has been loaded again. */
export type Visit = 'first' | 'later';

export interface Scenario {
  id: string;
  title: string;
  files: number;
  /** Bytes of each file; the mean if `sizeOf` is there. */
  size: number;
  /** Bytes of a file by its index. */
  sizeOf?(index: number): number;
  conditions: Conditions;
  /** Whether clients choose part size and concurrency by themselves; otherwise 8 MiB, 4 at a time. */
  isOwn: boolean;
  /** Whether POST policies may be used; the signer's default allows only PUT. */
  posts: boolean;
  /** Whether the files are in a folder that is dropped on the page. */
  isDropped?: boolean;
  /**
   * What the signer does besides signing: `tracked`: it has a tracker, gives receipts, and calls `onComplete`; `begun`: it
   * begins multipart uploads itself.
   */
  signer?: 'tracked' | 'begun';
  /** Which visits are measured. */
  visits: readonly Visit[];
  /** The target for this element on a first visit, as a ratio to the four PUTs of the bare limit. */
  target: number;
}

export const PART_SIZE = 8 * MIB;
export const CONCURRENCY = 4;

const FIRST: readonly Visit[] = ['first'];
const BOTH: readonly Visit[] = ['first', 'later'];
const one = (size: number) => ({ files: 1, size, conditions: {}, isOwn: true, posts: true, visits: BOTH });
const small = { ...one(10 * KIB), files: 2_000 };
const LINE: Conditions = { delay: 50, rate: 12.5e6 };

export const SCENARIOS: readonly Scenario[] = [
  { ...one(MIB), id: 'medium', title: '200 × 1 MiB, POST allowed', files: 200, target: 1.1 },
  { ...one(MIB), id: 'medium-put', title: '200 × 1 MiB, PUT only', files: 200, posts: false, target: 1.15 },
  { ...small, id: 'small', title: '2,000 × 10 KiB', target: 1.25 },
  {
    ...one(10 * KIB),
    id: 'small-delay',
    title: '200 × 10 KiB, 50 ms on every request',
    files: 200,
    conditions: { delay: 50 },
    target: 0.5,
  },
  { ...one(256 * MIB), id: 'delay', title: '256 MiB, 50 ms on every request', conditions: { delay: 50 }, target: 0.95 },
  {
    ...one(256 * MIB),
    id: 'delay-begun',
    title: '256 MiB, 50 ms on every request, beginMultipart',
    conditions: { delay: 50 },
    signer: 'begun',
    visits: FIRST,
    target: 0.95,
  },
  {
    ...one(64 * MIB),
    id: 'line-begun',
    title: '64 MiB, 50 ms, 100 Mbit/s, beginMultipart',
    conditions: LINE,
    signer: 'begun',
    visits: FIRST,
    target: 1.03,
  },
  {
    ...one(10 * MIB),
    id: 'ten',
    title: '10 MiB, 50 ms on every request',
    conditions: { delay: 50 },
    visits: FIRST,
    target: 1.5,
  },
  { ...one(64 * MIB), id: 'line', title: '64 MiB, 50 ms, 100 Mbit/s', conditions: LINE, target: 1.03 },
  { ...one(GIB), id: 'fixed', title: '1 GiB, 8 MiB parts, 4 at a time', isOwn: false, target: 1 },
  { ...one(GIB), id: 'own', title: '1 GiB, own defaults', target: 0.85 },
  {
    ...one(10.5 * KIB),
    id: 'dropped',
    title: 'a dropped folder of 3,000 files of 1 to 20 KiB, PUT only',
    files: 3_000,
    // 7 and 20 have no common divisor: each size occurs equally often
    sizeOf: (index) => (1 + ((index * 7) % 20)) * KIB,
    posts: false,
    isDropped: true,
    visits: FIRST,
    target: 1.15,
  },
  {
    ...small,
    id: 'tracked',
    title: '2,000 × 10 KiB with tracker, receipts and onComplete',
    signer: 'tracked',
    visits: FIRST,
    target: 1.9,
  },
  {
    ...one(100 * MIB),
    id: 'many-line',
    title: '20 × 100 MiB, 50 ms, 100 Mbit/s',
    files: 20,
    conditions: LINE,
    visits: FIRST,
    target: 1.02,
  },
  {
    ...one(GIB),
    id: 'busy',
    title: '1 GiB, 5 % of parts 503',
    conditions: { fault: '503' },
    visits: FIRST,
    target: 1.05,
  },
  {
    ...one(GIB),
    id: 'reset',
    title: '1 GiB, 5 % of parts reset',
    conditions: { fault: 'reset' },
    visits: FIRST,
    target: 1.05,
  },
  {
    ...one(256 * MIB),
    id: 'gone',
    title: '256 MiB, store gone for 20 s',
    conditions: { gone: 20_000 },
    visits: FIRST,
    target: 1.05,
  },
];

/** Whether requests fail in a scenario: then a file has to go in parts. */
export function hasFault({ fault, gone }: Conditions): boolean {
  return Boolean(fault ?? gone);
}
