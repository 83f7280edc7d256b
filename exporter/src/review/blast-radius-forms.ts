import { momentOf } from '../history/period-figures.ts';
import { keyLine } from '../text/key-name.ts';
import { count, counted, span } from '../text/numbers.ts';
import { terminalText } from '../text/terminal-text.ts';
import { DAY } from '../time/units.ts';
import type { BlastRadius, JudgedCaller } from './blast-radius.ts';

/** Callers and endpoints written out; the rest is counted. */
const CALLERS_SHOWN = 20;
const ENDPOINTS_SHOWN = 10;

/** For a terminal. */
export function radiusText(radius: BlastRadius, now: number): string {
  const { name, id, tenant, owner, state, longestGap, endpoints, callers, stragglers } = radius;
  const { complete, text: covers } = radius.coverage;
  const live = callers.filter((caller) => caller.live);
  const gone = callers.length - live.length;
  const lines = [
    keyLine(...[name, id, tenant].map(terminalText)),
    ...(complete ? [] : [`  ${covers}`]),
    `  ${radius.verdict}`,
    `  state ${state}${owner === '' ? '' : `, owner ${terminalText(owner)}`}`,
    `  ${lastUsedText(radius, now)}` +
      `${longestGap >= DAY && complete ? `, once silent for ${span(longestGap)}` : ''}`,
    ...(complete ? [safeText(radius)] : []),
    ...radius.successors.map(
      (successor) => `  replaced by ${terminalText(successor)}: ${counted(stragglers.length, 'straggler')}`,
    ),
    '',
    complete
      ? `callers that may call again: ${count(live.length)}${gone > 0 ? ` (${count(gone)} more have gone silent)` : ''}`
      : `callers this exporter knows that may call again: ${live.length === 0 ? 'none' : count(live.length)}${gone > 0 ? ` (and ${count(gone)} that called longer ago)` : ''}`,
    ...live.slice(0, CALLERS_SHOWN).flatMap((caller) => callerLines(caller, now, complete)),
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

const safeText = ({ safeAfter }: BlastRadius): string =>
  `  safe to revoke ${safeAfter > 0 ? `after ${momentOf(safeAfter)}, if nobody calls until then` : 'now'}`;

function callerLines(caller: JudgedCaller, now: number, complete: boolean): string[] {
  const agent = caller.userAgent === '' ? '' : `  ${terminalText(caller.userAgent)}`;
  const requests = caller.requests > 0 ? `, ${counted(caller.requests, 'request')}` : '';
  const gap = caller.longestGap > 0 ? `, longest gap ${span(caller.longestGap)}` : '';
  const more = caller.endpointCount - caller.endpoints.length;
  return [
    `  ${terminalText(caller.ip) || 'no address'}${agent}${caller.moved ? '  (also uses the successor)' : ''}`,
    `      last ${span(now - caller.last)} ago${requests}${gap}${complete ? `, safe after ${momentOf(caller.safeAfter)}` : ''}`,
    ...(caller.endpoints.length > 0
      ? [`      ${caller.endpoints.map(terminalText).join(', ')}${more > 0 ? ` and ${more} more` : ''}`]
      : []),
  ];
}

function lastUsedText({ lastUsed, recordedSince, coverage }: BlastRadius, now: number): string {
  if (lastUsed > 0) return `last used ${momentOf(lastUsed)} (${span(now - lastUsed)} ago)`;
  if (!coverage.complete) return 'last used not known';
  return `not used since recording began at ${momentOf(recordedSince)}`;
}

/** Without the times after which it is safe where other exporters may have counted callers too. */
export const radiusJson = ({
  lastUsed,
  safeAfter,
  createdAt,
  recordedSince,
  staleAfter: _,
  callers,
  stragglers,
  coverage,
  ...radius
}: BlastRadius): object => {
  const { complete } = coverage;
  return {
    ...{ coverage, ...radius, lastUsed: momentOf(lastUsed) },
    ...{ createdAt: momentOf(createdAt), recordedSince: momentOf(recordedSince) },
    ...(complete ? { safeAfter: momentOf(safeAfter) } : {}),
    callers: callers.map((caller) => callerJson(caller, complete)),
    stragglers: stragglers.map((caller) => callerJson(caller, complete)),
  };
};

const callerJson = ({ first, last, safeAfter, ...caller }: JudgedCaller, complete: boolean): object => ({
  ...caller,
  ...{ first: momentOf(first), last: momentOf(last) },
  ...(complete ? { safeAfter: momentOf(safeAfter) } : {}),
});
