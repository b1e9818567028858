import type { MuleUploadElement } from 'mule-upload';
import { createRef } from 'preact';

const ref = createRef<MuleUploadElement>();

/** Only type-checked: correct use compiles, incorrect use does not. */
export const right = (
  <mule-upload
    ref={ref}
    class="wide"
    no-autostart
    part-size="16MiB"
    maxFiles={3}
    onmule-error={({ detail }) => console.log(detail.error.code)}
  />
);
// @ts-expect-error -- the attribute does not allow this word
export const wrongWord = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const wrongName = <mule-upload siner="/sign" />;
