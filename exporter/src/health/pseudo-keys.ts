/** Values of `key_id` that are no keys: requests without a key, and requests of keys over the configured limit. */
export const NO_KEY = '__none__';
export const OTHER = '__other__';
