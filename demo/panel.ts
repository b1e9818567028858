/** The panel of switches: what it sends is done to the line between this page and the demo's bucket. */
import type { SwitchState } from './switches.js';

const panel = document.querySelector<HTMLFormElement>('#switches')!;
const faults = document.querySelector<HTMLOutputElement>('#faults')!;
const LOOK_EVERY = 1_000;

async function ask(change?: { name: string; on?: boolean }): Promise<SwitchState | null> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch('/switches', change ? { method: 'POST', headers, body: JSON.stringify(change) } : {});
  return (await answer.json()) as SwitchState | null;
}

function show(state: SwitchState | null): void {
  panel.hidden = !state;
  document.querySelector<HTMLElement>('#foreign')!.hidden = state !== null;
  if (!state) return;
  for (const box of panel.querySelectorAll<HTMLInputElement>('[role=switch]'))
    box.checked = (state.on as string[]).includes(box.name);
  faults.value = state.faults ? `Requests spoilt so far: ${state.faults}` : '';
}

panel.addEventListener('change', ({ target }) => {
  const { name, checked } = target as HTMLInputElement;
  void ask({ name, on: checked }).then(show);
});
document.querySelector('#expire')!.addEventListener('click', () => void ask({ name: 'expire' }).then(show));

/** Follows what other tabs do, and how many requests were spoilt. */
async function follow(): Promise<void> {
  const state = await ask().catch(() => undefined);
  if (state !== undefined) show(state);
  if (state !== null) setTimeout(() => void follow(), LOOK_EVERY);
}
void follow();
