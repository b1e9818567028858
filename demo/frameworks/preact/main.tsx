import 'mule-upload';
import { render } from 'preact';
import { useState } from 'preact/hooks';

/** Uses attributes, a property, events, a slot and a bound value, as the apps of all frameworks do. */
function App() {
  const [value, setValue] = useState<readonly string[]>([]);
  const [stored, setStored] = useState('');
  const [isDisabled, setIsDisabled] = useState(false);
  return (
    <>
      <mule-upload
        signer="/sign"
        name="film"
        max-size="1GB"
        headers={{ 'x-app': 'preact' }}
        value={value}
        disabled={isDisabled}
        onmule-complete={({ detail }) => setStored(`${detail.key} ${detail.size}`)}
        onChange={({ currentTarget }) => setValue(currentTarget.value)}
      >
        <button slot="button" type="button">
          Choose a film
        </button>
      </mule-upload>
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

render(<App />, document.querySelector('#app')!);
