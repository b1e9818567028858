/** Whether a response status means that the same request may succeed later. */
export const isTransient = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;
