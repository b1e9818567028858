/** This element: the CDN file, and the element's own file input. */
import { runOnChoice } from './page.js';

await customElements.whenDefined('mule-upload');
const element = document.querySelector('mule-upload')!;
await element.updateComplete;
runOnChoice(
  () =>
    new Promise<void>((resolve, reject) => {
      element.addEventListener('mule-finish', ({ detail: { failed } }) =>
        failed.length ? reject(new Error(failed[0]!.error?.message)) : resolve(),
      );
    }),
  element.shadowRoot!.querySelector<HTMLInputElement>('input[type=file]')!,
  true,
);
