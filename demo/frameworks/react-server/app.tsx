import 'mule-upload';
import { useEffect, useState, type ComponentProps } from 'react';

/** Rendered only in the browser: React sets neither properties nor listeners on an element that it hydrates. */
function Upload(props: ComponentProps<'mule-upload'>) {
  const [isMounted, setIsMounted] = useState(false);
  useEffect(() => setIsMounted(true), []);
  return isMounted ? <mule-upload {...props} /> : null;
}

/** The same as in the app without server rendering. */
export function App() {
  const [value, setValue] = useState<readonly string[]>([]);
  const [stored, setStored] = useState('');
  const [isDisabled, setIsDisabled] = useState(false);
  return (
    <>
      <Upload
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
      </Upload>
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
