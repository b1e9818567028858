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

export interface Scenario {
  id: string;
  title: string;
  files: number;
  /** Bytes of each. */
  size: number;
  conditions: Conditions;
  /** Whether clients choose part size and concurrency by themselves; otherwise 8 MiB, 4 at a time. */
  isOwn: boolean;
  /** Whether POST policies may be used. */
  posts: boolean;
  /** The target for this element, as a ratio to the bare limit. */
  target: number;
}

export const PART_SIZE = 8 * MIB;
export const CONCURRENCY = 4;

const one = (size: number) => ({ files: 1, size, conditions: {}, isOwn: true, posts: true });

export const SCENARIOS: readonly Scenario[] = [
  { ...one(GIB), id: 'fixed', title: '1 GiB, 8 MiB parts, 4 at a time', isOwn: false, target: 1.02 },
  { ...one(GIB), id: 'own', title: '1 GiB, own defaults, not the first upload', target: 0.8 },
  {
    ...one(256 * MIB),
    id: 'delay',
    title: '256 MiB, 50 ms on every request',
    conditions: { delay: 50 },
    target: 0.85,
  },
  { ...one(MIB), id: 'medium', title: '200 × 1 MiB', files: 200, target: 1 },
  { ...one(10 * KIB), id: 'small', title: '2,000 × 10 KiB', files: 2_000, target: 1.05 },
  {
    ...one(10 * KIB),
    id: 'small-delay',
    title: '200 × 10 KiB, 50 ms on every request',
    files: 200,
    conditions: { delay: 50 },
    target: 0.5,
  },
  {
    ...one(64 * MIB),
    id: 'line',
    title: '64 MiB, 50 ms, 100 Mbit/s',
    conditions: { delay: 50, rate: 12.5e6 },
    target: 1.01,
  },
  { ...one(GIB), id: 'busy', title: '1 GiB, 5 % of parts 503', conditions: { fault: '503' }, target: 1.05 },
  { ...one(GIB), id: 'reset', title: '1 GiB, 5 % of parts reset', conditions: { fault: 'reset' }, target: 1.05 },
  { ...one(256 * MIB), id: 'gone', title: '256 MiB, store gone for 20 s', conditions: { gone: 20_000 }, target: 1.05 },
];
