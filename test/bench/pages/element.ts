/** This element, as shipped: the CDN file, its own file input. */
import { offer } from './page.js';

await customElements.whenDefined('mule-upload');
const element = document.querySelector('mule-upload')!;
await element.updateComplete;
offer(
  () =>
    new Promise<void>((resolve, reject) => {
      element.addEventListener('mule-finish', ({ detail: { failed } }) =>
        failed.length ? reject(new Error(failed[0]!.error?.message)) : resolve(),
      );
    }),
  element.shadowRoot!.querySelector<HTMLInputElement>('input[type=file]')!,
);
