/** Handles the switches, which inject faults into the connection between this page and the demo's bucket. */
import type { SwitchState } from './switches.js';

const panel = document.querySelector<HTMLFormElement>('#switches')!;
const faults = document.querySelector<HTMLOutputElement>('#faults')!;
const POLL_INTERVAL_MS = 1_000;

/** Changes a switch, if one is given. @returns the state of the switches; null if the demo has none */
async function requestState(change?: { name: string; on?: boolean }): Promise<SwitchState | null> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch('/switches', change ? { method: 'POST', headers, body: JSON.stringify(change) } : {});
  return (await response.json()) as SwitchState | null;
}

function show(state: SwitchState | null): void {
  panel.hidden = !state;
  document.querySelector<HTMLElement>('#no-switches')!.hidden = state !== null;
  if (!state) return;
  for (const input of panel.querySelectorAll<HTMLInputElement>('[role=switch]'))
    input.checked = (state.on as string[]).includes(input.name);
  faults.value = state.faults ? `Failed requests: ${state.faults}` : '';
}

panel.addEventListener('change', ({ target }) => {
  const { name, checked } = target as HTMLInputElement;
  void requestState({ name, on: checked }).then(show);
});
document.querySelector('#expire')!.addEventListener('click', () => void requestState({ name: 'expire' }).then(show));

/** Keeps the panel up to date: other tabs may change switches, and the number of failed requests grows. */
async function poll(): Promise<void> {
  const state = await requestState().catch(() => undefined);
  if (state !== undefined) show(state);
  if (state !== null) setTimeout(() => void poll(), POLL_INTERVAL_MS);
}
void poll();
