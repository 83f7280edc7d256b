/**
 * What to do with a key; the first that holds counts. `undecided`: the lines of one exporter of several cannot tell.
 */
export const VERDICTS = ['revoke', 'rotate', 'narrow', 'change tier', 'undecided', 'keep'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The verdicts that are possible when every request is known, and when other exporters may have counted more. */
export const verdictsOf = (complete: boolean): Verdict[] =>
  complete ? VERDICTS.filter((verdict) => verdict !== 'undecided') : ['rotate', 'undecided', 'keep'];

/** What is asked of every key, in the order of its findings. */
export const QUESTIONS = ['In use?', 'Scopes right?', 'Right tier?', 'Rotated?'] as const;

/** One of the four questions, answered. */
export interface ReviewFinding {
  question: (typeof QUESTIONS)[number];
  /** The verdict it asks for; `keep` when all is well. */
  verdict: Verdict;
  /** One or two plain sentences with the evidence. */
  text: string;
}

/** One of the four questions, decided; its text is written only when it is to be read. */
export interface Answer extends Pick<ReviewFinding, 'question' | 'verdict'> {
  text: () => string;
}
