/** Tests the types, without being built: valid use compiles, invalid use does not. */
export const validUse = (
  <mule-upload
    class="wide"
    no-autostart
    part-size="16MiB"
    prop:maxFiles={3}
    on:mule-error={({ detail }) => console.log(detail.error.code)}
  />
);
// @ts-expect-error -- the attribute does not allow this value
export const invalidValue = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const unknownAttribute = <mule-upload siner="/sign" />;
