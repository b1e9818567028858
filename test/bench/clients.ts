/** The clients, as data; their code is in `pages/`. */
import type { Scenario } from './scenarios.js';

export interface Client {
  id: string;
  title: string;
  /** Path to its file input, each within the shadow root of the last one's element. */
  input: readonly string[];
  /** Whether it runs only if selected by name. */
  isAside?: boolean;
  /** Why it cannot run a scenario; null if it can. */
  cannot(scenario: Scenario): string | null;
}

const able = (): null => null;
const plain = { input: ['#files'], cannot: able };

export const CLIENTS: readonly Client[] = [
  { ...plain, id: 'bare', title: 'bare limit' },
  { ...plain, id: 'element', title: '`<mule-upload>`', input: ['mule-upload', 'input[type=file]'] },
  { ...plain, id: 'engine', title: 'its engine alone', isAside: true },
  { ...plain, id: 'tus', title: 'tus-js-client, own protocol' },
  { ...plain, id: 'uppy-credentials', title: 'Uppy, credentials in the page' },
  { ...plain, id: 'uppy', title: 'Uppy, signer' },
  {
    ...plain,
    id: 'upchunk',
    title: 'UpChunk, own protocol',
    cannot: ({ conditions }) => (conditions.gone ? 'gives up after five tries' : null),
  },
  { ...plain, id: 'evaporate', title: 'EvaporateJS' },
  { ...plain, id: 'lib-storage', title: 'AWS lib-storage' },
];
