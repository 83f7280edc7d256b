/** What comes from a log may hold what a terminal would obey: control and invisible characters are written out. */
export const terminalText = (text: string): string =>
  text.replace(
    /\p{C}/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
