/** For svelte-check, which would look for a Vite configuration further up. */
export default {};
