/** Says whether something of this kind may be reported now, and notes that it is. */
export type Throttle = (kind: string) => boolean;

/** Lets the first of each kind pass, then at most one per `interval`. Milliseconds, as `clock` gives them. */
export function throttle(interval: number, clock: () => number): Throttle {
  const passed = new Map<string, number>();
  return (kind) => {
    const now = clock();
    if (now < (passed.get(kind) ?? Number.NEGATIVE_INFINITY) + interval) return false;
    passed.set(kind, now);
    return true;
  };
}
