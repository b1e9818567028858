/** The clients, as data; their code is in `pages/`. */
import { hasFault, PART_SIZE } from './scenarios.js';
import type { Scenario } from './scenarios.js';

export interface Client {
  id: string;
  title: string;
  /** Path to its file input, each within the shadow root of the last one's element. */
  input: readonly string[];
  /** How it sends, if it is a bare limit. */
  limit?: Limit;
  /** The name of its page's script, if that is not its ID. */
  page?: string;
  /** Whether it runs only if selected by name. */
  isAside?: boolean;
  /** Why it cannot run a scenario; null if it can. */
  cannot(scenario: Scenario): string | null;
}

/** How a bare limit sends. */
export interface Limit {
  /** Requests at a time. */
  concurrency: number;
  kind: 'parts' | 'file' | 'post';
}

const able = (): null => null;
const plain = { input: ['#files'], cannot: able };
const ONE_FILE = 'has more than one file';

/** A bare limit: requests that were signed beforehand, and nothing else. */
const limit = (id: string, title: string, how: Limit, cannot: Client['cannot']): Client => ({
  ...{ ...plain, id, title, limit: how, page: 'bare' },
  cannot,
});
/** Faults, and a number of requests that the scenario fixes, are for the first of the limits only. */
const isFree = ({ conditions, isOwn }: Scenario): boolean => isOwn && !hasFault(conditions);

export const LIMITS: readonly Client[] = [
  limit('bare', 'four PUTs at a time', { concurrency: 4, kind: 'parts' }, able),
  limit('bare-6', 'six PUTs', { concurrency: 6, kind: 'parts' }, (scenario) => (isFree(scenario) ? null : 'is fixed')),
  limit('bare-file', 'one PUT of the file', { concurrency: 1, kind: 'file' }, (scenario) =>
    isFree(scenario) && scenario.files === 1 ? null : ONE_FILE,
  ),
  limit('bare-post', 'four POSTs', { concurrency: 4, kind: 'post' }, (scenario) => mayPost(scenario)),
  limit('bare-post-6', 'six POSTs', { concurrency: 6, kind: 'post' }, (scenario) => mayPost(scenario)),
];

function mayPost({ posts, files, size }: Scenario): string | null {
  return posts && files > 1 && size <= PART_SIZE ? null : 'may not use POST';
}

const cannotDrop = ({ isDropped }: Scenario): string | null => (isDropped ? 'takes no dropped folder here' : null);

export const CLIENTS: readonly Client[] = [
  ...LIMITS,
  { ...plain, id: 'element', title: '`<mule-upload>`', input: ['mule-upload', 'input[type=file]'] },
  { ...plain, id: 'engine', title: 'its engine alone', isAside: true, cannot: cannotDrop },
  { ...plain, id: 'tus', title: 'tus-js-client, own protocol', cannot: cannotDrop },
  { ...plain, id: 'uppy-credentials', title: 'Uppy, credentials in the page', cannot: cannotDrop },
  { ...plain, id: 'uppy', title: 'Uppy, signer', cannot: cannotDrop },
  {
    ...plain,
    id: 'upchunk',
    title: 'UpChunk, own protocol',
    isAside: true,
    cannot: (scenario) => (scenario.conditions.gone ? 'gives up after five tries' : cannotDrop(scenario)),
  },
  { ...plain, id: 'evaporate', title: 'EvaporateJS', isAside: true, cannot: cannotDrop },
  { ...plain, id: 'lib-storage', title: 'AWS lib-storage', isAside: true, cannot: cannotDrop },
];
