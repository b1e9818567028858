/** Uses attributes, a property, events, a slot and a bound value, as the apps of all frameworks do. */
import 'mule-upload';

const upload = document.querySelector('mule-upload')!;
const showText = (id: string, text: string): void => void (document.querySelector(`#${id}`)!.textContent = text);

upload.headers = { 'x-app': 'html' };
upload.addEventListener('mule-complete', ({ detail }) => showText('stored', `${detail.key} ${detail.size}`));
upload.addEventListener('change', () => showText('value', upload.value.join()));
document.querySelector('#toggle')!.addEventListener('click', () => {
  upload.disabled = !upload.disabled;
  showText('toggle', upload.disabled ? 'Enable' : 'Disable');
});
document.querySelector('#clear')!.addEventListener('click', () => {
  upload.value = [];
  showText('value', '');
});
