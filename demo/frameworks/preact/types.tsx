import type { MuleUploadElement } from 'mule-upload';
import { createRef } from 'preact';

const ref = createRef<MuleUploadElement>();

/** Held against the types alone: what is right passes, what is wrong does not. */
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
// @ts-expect-error -- such a word is not among those of the attribute
export const wrongWord = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const wrongName = <mule-upload siner="/sign" />;
