import 'mule-upload';

/** The same in every framework: an attribute, a property, an event, a slot, and a bound value. */
const upload = document.querySelector('mule-upload')!;
const show = (id: string, text: string): void => void (document.querySelector(`#${id}`)!.textContent = text);

upload.headers = { 'x-app': 'html' };
upload.addEventListener('mule-complete', ({ detail }) => show('stored', `${detail.key} ${detail.size}`));
upload.addEventListener('change', () => show('value', upload.value.join()));
document.querySelector('#toggle')!.addEventListener('click', () => {
  upload.disabled = !upload.disabled;
  show('toggle', upload.disabled ? 'Enable' : 'Disable');
});
document.querySelector('#clear')!.addEventListener('click', () => {
  upload.value = [];
  show('value', '');
});
