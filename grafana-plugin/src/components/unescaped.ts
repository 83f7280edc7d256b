/**
 * Option of `t()` that turns off escaping of values. React already escapes, so escaping twice would show `5 req&#x2F;s`.
 */
export const UNESCAPED = { interpolation: { escapeValue: false } } as const;
