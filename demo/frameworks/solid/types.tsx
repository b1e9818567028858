/** Only type-checked: correct use compiles, incorrect use does not. */
export const right = (
  <mule-upload
    class="wide"
    no-autostart
    part-size="16MiB"
    prop:maxFiles={3}
    on:mule-error={({ detail }) => console.log(detail.error.code)}
  />
);
// @ts-expect-error -- the attribute does not allow this word
export const wrongWord = <mule-upload recover="never" />;
// @ts-expect-error -- no such attribute
export const wrongName = <mule-upload siner="/sign" />;
