import { maskKey, maskText } from '../parse/masking.ts';

/** True for the masked form of a key: its prefix and 12 hex digits of the SHA-256 of the whole key. */
export const isMaskedKey = (text: string): boolean => /^sa_(?:live|test)_[0-9a-f]{12}$/.test(text);

/** True when the text holds a raw key, plain or percent-encoded. */
export const holdsRawKey = (text: string): boolean => maskText(text) !== text;

/** The text as it may be shown: every raw key in it masked. */
export const withoutRawKeys = maskText;

/** The masked form of the first raw key in the text. */
export const maskedFormIn = maskKey;
