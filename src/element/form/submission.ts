/** What of another element of ours in the form decides; it may be of another version of the package. */
interface Uploading {
  readonly uploads?: readonly unknown[];
  readonly status?: unknown;
}

const isBusy = (control: Uploading): boolean =>
  Array.isArray(control.uploads) && ['uploading', 'waiting', 'paused'].includes(String(control.status));

const isSubmitButton = (control: Element): control is HTMLButtonElement | HTMLInputElement =>
  (control instanceof HTMLButtonElement || control instanceof HTMLInputElement) && control.type === 'submit';

/**
 * Submits a form as Enter in a text field does: validated, by its first submit button, not where that is disabled.
 * While another element of ours still uploads nothing happens: the last one to be done submits.
 * @see https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#implicit-submission
 */
export function submitByItself(form: HTMLFormElement): void {
  const controls = [...form.elements];
  if (controls.some((control) => isBusy(control as Uploading))) return;
  const button = controls.find(isSubmitButton);
  if (!button?.matches(':disabled')) form.requestSubmit(button);
}
