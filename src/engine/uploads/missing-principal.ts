let hasWarned = false;

/** Warns once that the signer does not say who is signed in. */
export function warnOfMissingPrincipal(): void {
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    'mule-upload: the signer names no `principal` in its answer to get_init_signature. So unfinished uploads resume only when their file is chosen again. Let the signer name the signed-in user, or null if nobody signs in; or set `scope` to an id of the user.',
  );
}
