/**
 * Among the values of a `t()`: they stand in the text as they are. React escapes what it draws, and i18next would once
 * more, so that 5 req/s were read as 5 req&#x2F;s.
 */
export const AS_IS = { interpolation: { escapeValue: false } } as const;
