import type { CheckOutcome } from './checks.ts';

/** The ways a rule ends without a verdict, or with one. */
export const notApplicable = (explanation: string): CheckOutcome => ({
  value: Number.NaN,
  result: 'not_applicable',
  explanation,
});

export const unknown = (explanation: string): CheckOutcome => ({
  value: Number.NaN,
  result: 'unknown',
  explanation,
});

export const judged = (breach: boolean, value: number, explanation: string): CheckOutcome => ({
  value,
  result: breach ? 'breach' : 'ok',
  explanation,
});
