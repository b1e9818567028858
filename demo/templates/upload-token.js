// Adds the CSRF token of the form to the calls to the signer: Django and Laravel read headers of different names.
for (const upload of document.querySelectorAll('mule-upload')) {
  const token = upload.closest('form')?.querySelector('[name=csrfmiddlewaretoken], [name=_token]')?.value;
  if (token) upload.headers = { 'X-CSRFToken': token, 'X-CSRF-TOKEN': token };
}
