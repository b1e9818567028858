/** Tests the types, without being built: valid use compiles, invalid use does not. */
import type { MuleUploadElement } from 'mule-upload';
import { createRef } from 'react';

const ref = createRef<MuleUploadElement>();

export const validUse = (
  <mule-upload
    ref={ref}
    className="wide"
    no-autostart
    part-size="16MiB"
    maxFiles={3}
    strings={{ browse: 'Choose' }}
    onmule-before-upload={(event) => event.detail.waitUntil(Promise.resolve())}
    onmule-error={({ detail, currentTarget }) => console.log(detail.error.code, currentTarget.status)}
  />
);
// @ts-expect-error -- the attribute does not allow this value
export const invalidValue = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const unknownAttribute = <mule-upload siner="/sign" />;
// @ts-expect-error -- a completed upload has no such field
export const unknownField = <mule-upload onmule-complete={({ detail }) => detail.keys} />;
