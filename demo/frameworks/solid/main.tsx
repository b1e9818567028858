import 'mule-upload';
import { createSignal } from 'solid-js';
import { render } from 'solid-js/web';

/** Uses attributes, a property, events, a slot and a bound value, as the apps of all frameworks do. */
function App() {
  const [value, setValue] = createSignal<readonly string[]>([]);
  const [stored, setStored] = createSignal('');
  const [isDisabled, setIsDisabled] = createSignal(false);
  return (
    <>
      <mule-upload
        signer="/sign"
        name="film"
        max-size="1GB"
        prop:headers={{ 'x-app': 'solid' }}
        prop:value={value()}
        prop:disabled={isDisabled()}
        on:mule-complete={({ detail }) => setStored(`${detail.key} ${detail.size}`)}
        onChange={({ currentTarget }) => setValue(currentTarget.value)}
      >
        <button slot="button" type="button">
          Choose a film
        </button>
      </mule-upload>
      <output id="stored">{stored()}</output>
      <output id="value">{value().join()}</output>
      <button id="toggle" type="button" onClick={() => setIsDisabled(!isDisabled())}>
        {isDisabled() ? 'Enable' : 'Disable'}
      </button>
      <button id="clear" type="button" onClick={() => setValue([])}>
        Clear
      </button>
    </>
  );
}

render(() => <App />, document.querySelector('#app')!);
