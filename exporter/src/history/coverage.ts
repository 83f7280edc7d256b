/** Whose requests an answer is made of. */
export interface Coverage {
  /** The `instance.id` of the exporter that counted them. */
  instance: string;
  /** False where exporters share facts: what the others counted is not in the answer. */
  complete: boolean;
  /** For people; '' when complete. */
  text: string;
}

/** `shared`: facts are shared with other exporters, so that this one's lines are not all there is. */
export const coverageOf = (instance: string, shared: boolean): Coverage => ({
  instance,
  complete: !shared,
  text: shared
    ? `Covers exporter ${instance} only. Other exporters share facts through Redis; their requests are not in this answer.`
    : '',
});

/** Where nobody said otherwise: one exporter, which has all requests. */
export const ALONE: Coverage = coverageOf('', false);
