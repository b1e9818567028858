/** The clients that are measured, as data; their code is in `pages/`. */
import { hasFault, PART_SIZE } from './scenarios.js';
import type { Scenario } from './scenarios.js';

export interface Client {
  id: string;
  title: string;
  /** Selectors of its file input: each is looked up in the shadow root of the element that the one before selects. */
  input: readonly string[];
  /** The requests of a bare limit; absent for uploaders. */
  bareLimit?: BareLimit;
  /** The name of its page's script, if that is not its ID. */
  page?: string;
  /** Whether it runs only if `--client` names it. */
  isOptIn?: boolean;
  canRun(scenario: Scenario): boolean;
}

/** The requests of a bare limit. */
export interface BareLimit {
  /** Requests at a time. */
  concurrency: number;
  kind: 'parts' | 'file' | 'post';
}

const clientDefaults = { input: ['#files'], canRun: () => true };

/** Creates a bare limit: requests that were signed before the measurement, without a library around them. */
const createLimit = (id: string, title: string, bareLimit: BareLimit, canRun: Client['canRun']): Client => ({
  ...clientDefaults,
  id,
  title,
  bareLimit,
  page: 'bare',
  canRun,
});
/** Scenarios with faults, or with a fixed concurrency, are only for the limit of four PUTs. */
const allowsEveryLimit = ({ conditions, hasClientDefaults }: Scenario): boolean =>
  hasClientDefaults && !hasFault(conditions);

export const BARE_LIMITS: readonly Client[] = [
  createLimit('bare', 'four PUTs at a time', { concurrency: 4, kind: 'parts' }, () => true),
  createLimit('bare-6', 'six PUTs', { concurrency: 6, kind: 'parts' }, allowsEveryLimit),
  createLimit(
    'bare-file',
    'one PUT of the file',
    { concurrency: 1, kind: 'file' },
    (scenario) => allowsEveryLimit(scenario) && scenario.files === 1,
  ),
  createLimit('bare-post', 'four POSTs', { concurrency: 4, kind: 'post' }, canPost),
  createLimit('bare-post-6', 'six POSTs', { concurrency: 6, kind: 'post' }, canPost),
];

function canPost({ isPostAllowed, files, size }: Scenario): boolean {
  return isPostAllowed && files > 1 && size <= PART_SIZE;
}

/** Uploaders without a user interface do not read dropped folders. */
const needsNoDrop = ({ isDropped = false }: Scenario): boolean => !isDropped;

export const CLIENTS: readonly Client[] = [
  ...BARE_LIMITS,
  { ...clientDefaults, id: 'element', title: '`<mule-upload>`', input: ['mule-upload', 'input[type=file]'] },
  { ...clientDefaults, id: 'engine', title: 'its engine alone', isOptIn: true, canRun: needsNoDrop },
  { ...clientDefaults, id: 'tus', title: 'tus-js-client, own protocol', canRun: needsNoDrop },
  { ...clientDefaults, id: 'uppy-credentials', title: 'Uppy, credentials in the page', canRun: needsNoDrop },
  { ...clientDefaults, id: 'uppy', title: 'Uppy, signer', canRun: needsNoDrop },
  {
    ...clientDefaults,
    id: 'upchunk',
    title: 'UpChunk, own protocol',
    isOptIn: true,
    // it gives up after five attempts
    canRun: (scenario) => !scenario.conditions.outageMs && needsNoDrop(scenario),
  },
  { ...clientDefaults, id: 'evaporate', title: 'EvaporateJS', isOptIn: true, canRun: needsNoDrop },
  { ...clientDefaults, id: 'lib-storage', title: 'AWS lib-storage', isOptIn: true, canRun: needsNoDrop },
];
