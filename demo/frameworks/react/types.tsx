import type { MuleUploadElement } from 'mule-upload';
import { createRef } from 'react';

const ref = createRef<MuleUploadElement>();

/** Held against the types alone: what is right passes, what is wrong does not. */
export const right = (
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
// @ts-expect-error -- such a word is not among those of the attribute
export const wrongWord = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const wrongName = <mule-upload siner="/sign" />;
// @ts-expect-error -- a completed upload has no such field
export const wrongDetail = <mule-upload onmule-complete={({ detail }) => detail.keys} />;
