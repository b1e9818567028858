/** The panel of switches, which inject faults into the connection between this page and the demo's bucket. */
import type { SwitchState } from './switches.js';

const panel = document.querySelector<HTMLFormElement>('#switches')!;
const faults = document.querySelector<HTMLOutputElement>('#faults')!;
const POLL_INTERVAL_MS = 1_000;

async function request(change?: { name: string; on?: boolean }): Promise<SwitchState | null> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch('/switches', change ? { method: 'POST', headers, body: JSON.stringify(change) } : {});
  return (await response.json()) as SwitchState | null;
}

function show(state: SwitchState | null): void {
  panel.hidden = !state;
  document.querySelector<HTMLElement>('#foreign')!.hidden = state !== null;
  if (!state) return;
  for (const input of panel.querySelectorAll<HTMLInputElement>('[role=switch]'))
    input.checked = (state.on as string[]).includes(input.name);
  faults.value = state.faults ? `Failed requests: ${state.faults}` : '';
}

panel.addEventListener('change', ({ target }) => {
  const { name, checked } = target as HTMLInputElement;
  void request({ name, on: checked }).then(show);
});
document.querySelector('#expire')!.addEventListener('click', () => void request({ name: 'expire' }).then(show));

/** Shows changes made in other tabs, and the number of failed requests. */
async function poll(): Promise<void> {
  const state = await request().catch(() => undefined);
  if (state !== undefined) show(state);
  if (state !== null) setTimeout(() => void poll(), POLL_INTERVAL_MS);
}
void poll();
