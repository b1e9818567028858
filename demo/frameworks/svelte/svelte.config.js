/** For svelte-check, which would otherwise use a Vite configuration of a parent folder. */
export default {};
