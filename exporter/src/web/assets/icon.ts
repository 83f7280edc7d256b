/** Three bars, the last one in another colour: a key's hour with something in it worth a look. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2b5bd7"/><path d="M9 23v-7M16 23V9" stroke="#fff" stroke-width="4" stroke-linecap="round"/><path d="M23 23v-4" stroke="#ffb4a8" stroke-width="4" stroke-linecap="round"/></svg>
`;
