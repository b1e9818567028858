/** The properties of another `<mule-upload>` in the form, which may come from another version of this package. */
interface UploadControl {
  readonly uploads?: readonly unknown[];
  readonly status?: unknown;
}

const isUploading = ({ uploads, status }: UploadControl): boolean =>
  Array.isArray(uploads) && ['uploading', 'waiting', 'paused'].includes(String(status));

const isSubmitButton = (control: Element): control is HTMLButtonElement | HTMLInputElement =>
  (control instanceof HTMLButtonElement || control instanceof HTMLInputElement) && control.type === 'submit';

/**
 * Submits a form as Enter in a text field does: through its first submit button, unless that is disabled.
 * Does nothing while another `<mule-upload>` of the form is uploading; the last one that ends submits the form.
 * @see https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#implicit-submission
 */
export function submitImplicitly(form: HTMLFormElement): void {
  const controls = [...form.elements];
  if (controls.some((control) => isUploading(control as UploadControl))) return;
  const button = controls.find(isSubmitButton);
  if (!button?.matches(':disabled')) form.requestSubmit(button);
}
