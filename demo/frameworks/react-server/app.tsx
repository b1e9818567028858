import 'mule-upload';
import { useEffect, useState, type ComponentProps } from 'react';

/** Renders the element only in the browser: React sets no properties or listeners on elements that it hydrates. */
function BrowserOnlyUpload(props: ComponentProps<'mule-upload'>) {
  const [isMounted, setIsMounted] = useState(false);
  useEffect(() => setIsMounted(true), []);
  return isMounted ? <mule-upload {...props} /> : null;
}

/** Does the same as the app in `../react`, which no server renders. */
export function App() {
  const [value, setValue] = useState<readonly string[]>([]);
  const [stored, setStored] = useState('');
  const [isDisabled, setIsDisabled] = useState(false);
  return (
    <>
      <BrowserOnlyUpload
        signer="/sign"
        name="film"
        max-size="1GB"
        headers={{ 'x-app': 'react-server' }}
        value={value}
        disabled={isDisabled}
        onmule-complete={({ detail }) => setStored(`${detail.key} ${detail.size}`)}
        onChange={({ currentTarget }) => setValue(currentTarget.value)}
      >
        <button slot="button" type="button">
          Choose a film
        </button>
      </BrowserOnlyUpload>
      <output id="stored">{stored}</output>
      <output id="value">{value.join()}</output>
      <button id="toggle" type="button" onClick={() => setIsDisabled(!isDisabled)}>
        {isDisabled ? 'Enable' : 'Disable'}
      </button>
      <button id="clear" type="button" onClick={() => setValue([])}>
        Clear
      </button>
    </>
  );
}
