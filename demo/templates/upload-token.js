// Adds the form's CSRF token to calls to the signer (Django and similar frameworks).
for (const upload of document.querySelectorAll('mule-upload')) {
  const token = upload.closest('form')?.querySelector('[name=csrfmiddlewaretoken], [name=_token]')?.value;
  if (token) upload.headers = { 'X-CSRFToken': token };
}
