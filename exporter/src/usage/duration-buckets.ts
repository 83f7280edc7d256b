/** Upper bounds in seconds; +Inf follows. Twelve, chosen for an HTTP API: 5 ms to 30 s. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
