import { counted, span } from '../../../exporter/src/keys/wording.ts';
import type { Answers } from '../frames/answers.ts';
import { ROLE_NAMES, type RoleMapping, refIdOf, roleOf } from '../roles/roles.ts';
import type { KeyList } from './key-list.ts';

/** Something the reader must know to read the panel right. */
export interface Problem {
  severity: 'error' | 'warning';
  sentence: string;
}

/** What is wrong or missing, worst first. `view` decides which queries are needed. */
export function problemsOf(
  answers: Answers,
  list: KeyList,
  view: 'overview' | 'key',
  mapping: RoleMapping,
): Problem[] {
  return [
    ...failures(answers, mapping),
    ...blindness(list),
    ...missing(answers, view, mapping),
    ...ended(list),
  ];
}

function failures({ failed }: Answers, mapping: RoleMapping): Problem[] {
  return [...failed].map(([role, message]) => ({
    severity: 'error',
    sentence:
      role === ''
        ? `A query failed: ${message}`
        : `The query ${refIdOf(role, mapping)} (${roleOf(role).title}) failed, so ${roleOf(role).without}: ${message}`,
  }));
}

function blindness({ pipelineAlive, keys }: KeyList): Problem[] {
  // Without any key nothing says that there is an exporter at all.
  if (pipelineAlive || keys.length === 0) return [];
  return [
    {
      severity: 'error',
      sentence:
        'An exporter is blind: the request log is not being read to its end, so missing traffic means nothing. See to the pipeline first.',
    },
  ];
}

function missing({ asked }: Answers, view: 'overview' | 'key', mapping: RoleMapping): Problem[] {
  const needed = ROLE_NAMES.filter((role) => {
    const { optional, cardOnly } = roleOf(role);
    return !optional && (!cardOnly || view === 'key');
  });
  return needed
    .filter((role) => !asked.has(role))
    .map((role) => ({
      severity: 'warning',
      sentence: `There is no query ${refIdOf(role, mapping)} (${roleOf(role).title}): ${roleOf(role).without}.`,
    }));
}

function ended({ keys }: KeyList): Problem[] {
  const stale = keys.filter(({ staleFor }) => staleFor > 0);
  if (stale.length === 0) return [];
  const longest = span(Math.max(...stale.map(({ staleFor }) => staleFor)));
  const has = stale.length === 1 ? 'has' : 'have';
  return [
    {
      severity: 'warning',
      sentence: `${counted(stale.length, 'key')} ${has} no current samples, for up to ${longest}: their exporter is gone or was moved.`,
    },
  ];
}
