import type { Finding } from './checks.ts';

/** The ways a rule ends without a verdict, or with one. */
export const notApplicable = (explanation: string): Finding => ({
  value: Number.NaN,
  result: 'not_applicable',
  explanation,
});

export const unknown = (explanation: string): Finding => ({
  value: Number.NaN,
  result: 'unknown',
  explanation,
});

export const verdict = (breach: boolean, value: number, explanation: string): Finding => ({
  value,
  result: breach ? 'breach' : 'ok',
  explanation,
});
