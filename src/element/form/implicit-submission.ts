/** The properties of another `<mule-upload>` in the form, which may come from another version of this package. */
interface UploadControl {
  readonly uploads?: readonly unknown[];
  readonly status?: unknown;
}

/** Whether files of a control are not stored yet. */
const hasToWait = ({ uploads, status }: UploadControl): boolean =>
  Array.isArray(uploads) && ['uploading', 'waiting', 'paused', 'failed'].includes(String(status));

const isSubmitButton = (control: Element): control is HTMLButtonElement | HTMLInputElement =>
  (control instanceof HTMLButtonElement || control instanceof HTMLInputElement) && control.type === 'submit';

/**
 * Submits a form as Enter in a text field does: through its first submit button, unless that is disabled.
 * Does nothing while a `<mule-upload>` of the form is uploading, or has failed; the last one that ends submits the form.
 * @returns whether it requested a submission
 * @see https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#implicit-submission
 */
export function submitImplicitly(form: HTMLFormElement): boolean {
  const controls = [...form.elements];
  if (controls.some((control) => hasToWait(control as UploadControl))) return false;
  const button = controls.find(isSubmitButton);
  if (button?.matches(':disabled')) return false;
  form.requestSubmit(button);
  return true;
}
