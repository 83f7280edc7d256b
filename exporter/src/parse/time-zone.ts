import { nearest } from '../text/suggestion.ts';
import { FormatError } from './fields.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Hours whose offset is remembered: some two years of a log. */
const REMEMBERED = 20_000;

/**
 * Local times of an IANA time zone, as milliseconds since the epoch.
 *
 * At a change of the offset the offset before the change counts. So a local time that happens twice is the first of
 * the two, and one that the clocks skip is read as if they had not been changed yet.
 */
export class TimeZone {
  private readonly format: Intl.DateTimeFormat;
  /** Local hour → what to subtract; NaN = the offset changes near it, so each time is looked at by itself. */
  private readonly offsets = new Map<number, number>();
  private lastHour = Number.NaN;
  private lastOffset = 0;

  /** Throws FormatError for a name that is no time zone. */
  constructor(name: string) {
    try {
      if (!/^[A-Za-z]/.test(name)) throw new RangeError();
      this.format = new Intl.DateTimeFormat('en-US', {
        ...({ timeZone: name, hourCycle: 'h23', era: 'short' } as const),
        ...({ year: 'numeric', month: 'numeric', day: 'numeric' } as const),
        ...({ hour: 'numeric', minute: 'numeric', second: 'numeric' } as const),
      });
    } catch {
      const near = nearest(name, Intl.supportedValuesOf('timeZone'));
      const remedy = near === undefined ? '' : `did you mean ${near}? `;
      throw new FormatError(
        'timezone',
        `${JSON.stringify(name)} is no time zone; ${remedy}write an IANA name such as Europe/Berlin, or UTC`,
      );
    }
  }

  /** The instant of a local time, which is given as if it were UTC. */
  instantOf(localMs: number): number {
    const hour = Math.floor(localMs / HOUR_MS);
    if (hour === this.lastHour) return localMs - this.lastOffset;
    let offset = this.offsets.get(hour);
    if (offset === undefined) {
      const first = this.offsetAtLocal(hour * HOUR_MS);
      offset = first === this.offsetAtLocal((hour + 1) * HOUR_MS - 1) ? first : Number.NaN;
      if (this.offsets.size >= REMEMBERED) this.offsets.clear();
      this.offsets.set(hour, offset);
    }
    if (Number.isNaN(offset)) return localMs - this.offsetAtLocal(localMs);
    this.lastHour = hour;
    this.lastOffset = offset;
    return localMs - offset;
  }

  private offsetAtLocal(localMs: number): number {
    const before = this.offsetAt(localMs - DAY_MS);
    const after = this.offsetAt(localMs + DAY_MS);
    if (before === after || this.offsetAt(localMs - before) === before) return before;
    // Here the clocks have been changed: the later offset holds, unless this time was skipped.
    return this.offsetAt(localMs - after) === after ? after : before;
  }

  /** Local time minus UTC at an instant. */
  private offsetAt(ms: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(ms)) part[type] = Number(value);
    const { year, month, day, hour, minute, second } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  }
}
