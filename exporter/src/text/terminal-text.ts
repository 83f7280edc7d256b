/**
 * What comes from a log may hold what a terminal would obey: control and invisible characters, and those that end a
 * line, are written out.
 */
export const terminalText = (text: string): string =>
  text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
