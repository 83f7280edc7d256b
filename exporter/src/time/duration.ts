const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/y;

/** Seconds of a text such as `90s`, `1h30m` or `30d`; `0` needs no unit. Throws when the text is no duration. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < trimmed.length) {
    const part = PART.exec(trimmed);
    if (!part)
      throw new Error(`${JSON.stringify(text)} is no duration; write a number with ms, s, m, h, d or w`);
    seconds += Number(part[1]) * SECONDS[part[2] as keyof typeof SECONDS];
  }
  if (trimmed === '') throw new Error('an empty text is no duration; write for example 90s');
  return seconds;
}
