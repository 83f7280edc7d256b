import { momentOf } from '../history/figures.ts';
import { count, counted, span } from '../text/numbers.ts';
import { terminalText } from '../text/terminal-text.ts';
import { DAY } from '../time/units.ts';
import type { BlastRadius, JudgedCaller } from './blast-radius.ts';

/** Callers and endpoints written out; the rest is counted. */
const CALLERS_SHOWN = 20;
const ENDPOINTS_SHOWN = 10;

/** For a terminal. */
export function radiusText(radius: BlastRadius, now: number): string {
  const { name, id, tenant, owner, state, lastUsed, longestGap, endpoints, callers, stragglers } = radius;
  const live = callers.filter((caller) => caller.live);
  const gone = callers.length - live.length;
  const lines = [
    [name, id, tenant].filter(Boolean).map(terminalText).join(' · '),
    `  ${radius.verdict}`,
    `  state ${state}${owner === '' ? '' : `, owner ${terminalText(owner)}`}`,
    `  ${lastUsed > 0 ? `last used ${momentOf(lastUsed)} (${span(now - lastUsed)} ago)` : `not used since recording began at ${momentOf(radius.recordedSince)}`}` +
      `${longestGap >= DAY ? `, once silent for ${span(longestGap)}` : ''}`,
    `  safe to revoke ${radius.safeAfter > 0 ? `after ${momentOf(radius.safeAfter)}, if nobody calls until then` : 'now'}`,
    ...radius.successors.map(
      (successor) => `  replaced by ${terminalText(successor)}: ${counted(stragglers.length, 'straggler')}`,
    ),
    '',
    `callers that may call again: ${count(live.length)}${gone > 0 ? ` (${count(gone)} more have gone silent)` : ''}`,
    ...live.slice(0, CALLERS_SHOWN).flatMap((caller) => callerLines(caller, now)),
    ...(live.length > CALLERS_SHOWN ? [`  and ${count(live.length - CALLERS_SHOWN)} more`] : []),
    '',
    'endpoints:',
    ...endpoints
      .slice(0, ENDPOINTS_SHOWN)
      .map((one) => `  ${count(one.requests).padStart(12)}  ${terminalText(one.endpoint)}`),
    ...radius.missing.map((text) => `\nnot known: ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

function callerLines(caller: JudgedCaller, now: number): string[] {
  const agent = caller.userAgent === '' ? '' : `  ${terminalText(caller.userAgent)}`;
  const requests = caller.requests > 0 ? `, ${counted(caller.requests, 'request')}` : '';
  const gap = caller.longestGap > 0 ? `, longest gap ${span(caller.longestGap)}` : '';
  const more = caller.endpointCount - caller.endpoints.length;
  return [
    `  ${terminalText(caller.ip) || 'no address'}${agent}${caller.moved ? '  (also uses the successor)' : ''}`,
    `      last ${span(now - caller.last)} ago${requests}${gap}, safe after ${momentOf(caller.safeAfter)}`,
    ...(caller.endpoints.length > 0
      ? [`      ${caller.endpoints.map(terminalText).join(', ')}${more > 0 ? ` and ${more} more` : ''}`]
      : []),
  ];
}

export const radiusJson = ({ callers, stragglers, staleAfter: _, ...radius }: BlastRadius): object => ({
  ...radius,
  ...{ lastUsed: momentOf(radius.lastUsed), safeAfter: momentOf(radius.safeAfter) },
  ...{ createdAt: momentOf(radius.createdAt), recordedSince: momentOf(radius.recordedSince) },
  callers: callers.map(callerJson),
  stragglers: stragglers.map(callerJson),
});

const callerJson = ({ first, last, safeAfter, ...caller }: JudgedCaller): object => ({
  ...caller,
  ...{ first: momentOf(first), last: momentOf(last), safeAfter: momentOf(safeAfter) },
});
