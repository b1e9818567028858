// Gives the signer's calls the token against forged requests that the form holds (Django, and others of its kind).
for (const upload of document.querySelectorAll('mule-upload')) {
  const token = upload.closest('form')?.querySelector('[name=csrfmiddlewaretoken], [name=_token]')?.value;
  if (token) upload.headers = { 'X-CSRFToken': token };
}
