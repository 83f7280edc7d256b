import { Discovery, type SourceOptions } from '../log/discovery.ts';
import { type PatternFacts, patternAdvice } from '../log/patterns.ts';
import { maskText } from '../parse/masking.ts';
import type { IngestionOutput } from './ingestion-output.ts';

/** A pattern that matches and does not in turns is reported this far apart. Milliseconds. */
const QUIET_MS = 60_000;

/** Reports each pattern that matches no file or unreadable files, once per cause, and when it matches again. */
export class PatternReports {
  private readonly output: IngestionOutput;
  private readonly clock: () => number;
  private seen: PatternFacts[] = [];
  private readonly reported = new Map<string, { cause: string; at: number }>();

  constructor(output: IngestionOutput, clock: () => number) {
    this.output = output;
    this.clock = clock;
  }

  /** `patterns` are all that are configured now; nothing is done for those of the last call. */
  look(patterns: PatternFacts[]): void {
    if (patterns === this.seen) return;
    this.seen = patterns;
    const now = this.clock();
    for (const facts of patterns) {
      const { source, pattern, files, problems } = facts;
      const kind = JSON.stringify([source, pattern]);
      const cause = problems.map((problem) => problem.cause).join(' ');
      const before = this.reported.get(kind);
      if (cause === (before?.cause ?? '') || (before && now < before.at + QUIET_MS)) continue;
      this.reported.set(kind, { cause, at: now });
      const advice = patternAdvice(facts);
      const details = { source, pattern: maskText(pattern), files };
      if (advice === undefined) {
        const message = `log pattern ${maskText(pattern)} of source ${source} matches ${files} readable files again`;
        this.output.report({ level: 'info', message, details });
        continue;
      }
      const message = `log pattern of source ${source}: ${maskText(advice)}`;
      this.output.report({ level: 'warn', message, details: { ...details, cause } });
    }
  }
}

/** A line of text for each configured pattern that matches no file, or unreadable files, at the moment. */
export function patternWarnings(sources: SourceOptions[]): string[] {
  const discovery = new Discovery(sources, () => {});
  discovery.look(Date.now(), []);
  return discovery.patterns.flatMap((facts) => {
    const advice = patternAdvice(facts);
    return advice === undefined ? [] : [`log pattern of source ${facts.source}: ${maskText(advice)}`];
  });
}

/** The facts as they may leave the process: raw keys in a path are masked. */
export const maskedPatterns = (patterns: PatternFacts[]): PatternFacts[] =>
  patterns.map((facts) => ({
    ...facts,
    pattern: maskText(facts.pattern),
    problems: facts.problems.map((problem) => ({ ...problem, path: maskText(problem.path) })),
  }));
