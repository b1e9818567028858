import '../src/index.js';
import './languages.js';
import './panel.js';
import type { MuleEventMap } from '../src/index.js';

const MAX_SHOWN_EVENTS = 200;
const FREQUENT_EVENTS: ReadonlySet<string> = new Set(['mule-progress', 'mule-part']);
// prettier-ignore
const EVENT_NAMES = [
  'mule-add', 'mule-start', 'mule-pause', 'mule-resume', 'mule-abort', 'mule-status', 'mule-reject', 'mule-recover',
  'mule-progress', 'mule-part', 'mule-retry', 'mule-network', 'mule-complete', 'mule-error',
  'mule-owner-change', 'mule-finish',
] as const satisfies readonly (keyof MuleEventMap)[];

const query = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!;
const upload = query<HTMLElementTagNameMap['mule-upload']>('mule-upload');
const log = query<HTMLOListElement>('#log');
const frequentEventsInput = query<HTMLInputElement>('#progress');

/** Summarizes an event in one line: the file's name, the event's fields, and the error. */
function summarize({ type, detail }: CustomEvent<object>): string {
  const { upload: snapshot, ...rest } = detail as { upload?: { name: string; status: string } };
  const fields = Object.entries(rest).filter(
    ([, value]) => value !== null && typeof value !== 'object' && typeof value !== 'function',
  );
  const status = type === 'mule-status' && snapshot ? [['now', snapshot.status]] : [];
  const texts = [...fields, ...status].map(([name, value]) => `${name} ${formatValue(value)}`);
  const { error } = detail as { error?: { code: string; message: string } };
  return [snapshot?.name, ...texts, error && `${error.code}: ${error.message}`].filter(Boolean).join(' · ');
}

const formatValue = (value: unknown): string =>
  typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);

function logEvent(event: CustomEvent<object>): void {
  if (FREQUENT_EVENTS.has(event.type) && !frequentEventsInput.checked) return;
  const entry = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  const name = document.createElement('code');
  name.textContent = event.type;
  entry.append(time, name, summarize(event));
  log.prepend(entry);
  while (log.childElementCount > MAX_SHOWN_EVENTS) log.lastElementChild!.remove();
}

for (const name of EVENT_NAMES) upload.addEventListener(name, logEvent);

query<HTMLFormElement>('#form').addEventListener('submit', (event) => {
  event.preventDefault();
  const keys = new FormData(event.currentTarget as HTMLFormElement).getAll('key');
  // a reset of the form restores an output whose `value` was set, but not one whose `textContent` was set
  query<HTMLOutputElement>('#submitted').value = `The form would send: ${keys.map(String).join(', ')}`;
});

for (const schemeInput of document.querySelectorAll<HTMLInputElement>('[name=scheme]')) {
  schemeInput.addEventListener('change', () => (document.documentElement.style.colorScheme = schemeInput.value));
}
