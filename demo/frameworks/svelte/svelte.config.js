/** Is empty: without this file, svelte-check would use a Vite configuration of a parent folder. */
export default {};
