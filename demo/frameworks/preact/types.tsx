/** Tests the types, without being built: valid use compiles, invalid use does not. */
import type { MuleUploadElement } from 'mule-upload';
import { createRef } from 'preact';

const ref = createRef<MuleUploadElement>();

export const validUse = (
  <mule-upload
    ref={ref}
    class="wide"
    no-autostart
    part-size="16MiB"
    maxFiles={3}
    onmule-error={({ detail }) => console.log(detail.error.code)}
  />
);
// @ts-expect-error -- the attribute does not allow this value
export const invalidValue = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const unknownAttribute = <mule-upload siner="/sign" />;
