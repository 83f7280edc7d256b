import { REVIEW_PAGE } from '../../exporter/src/api/endpoints.ts';
import { QUESTIONS } from '../../exporter/src/review/verdicts.ts';
import { count } from '../../exporter/src/text/numbers.ts';
import {
  answerTable,
  coverageTable,
  MOST_PAGES,
  number,
  recordFrame,
  sentence,
  text,
  time,
  typed,
} from './api.ts';
import { row } from './panels.ts';

const PARAMETERS = { quarter: '${quarter}' };

/** The quarterly review on screen; `atender-exporter review` prints it. */
export const review = recordFrame(
  'review',
  'The quarterly review: a verdict on every key with its evidence. `atender-exporter review` writes the page to sign.',
  [typed('quarter', 'Quarter', 'As 2026Q4; empty: the current one')],
  'now-90d',
)
  .withRow(row('Review'))
  .withPanel(coverageTable('/api/v1/review', { ...PARAMETERS, limit: '1' }))
  .withPanel(
    answerTable(
      {
        title: 'Verdicts',
        description: `Every key with the first verdict that one of the four questions asks for. Everything but “keep” needs a decision by its owner. “undecided” means that other exporters may have counted more requests. Open the findings below for the evidence. The most pressing come first among each ${REVIEW_PAGE} keys; up to ${count(MOST_PAGES * REVIEW_PAGE)} are shown, \`atender-exporter review\` writes them all in order.`,
        unit: 'short',
        span: 24,
        height: 14,
      },
      {
        path: '/api/v1/review',
        parameters: PARAMETERS,
        pageOf: REVIEW_PAGE,
        rows: 'keys',
        fields: [
          text('verdict', 'Verdict'),
          text('tenant', 'Tenant'),
          text('id', 'Key'),
          text('name', 'Name'),
          text('owner', 'Owner'),
          text('before.verdict', 'Last quarter'),
          time('lastUsed', 'Last used'),
          number('requests', 'Requests'),
          number('previousRequests', 'Quarter before'),
          number('throttled', '429'),
          text('tier', 'Tier'),
          text('newTier', 'Better tier'),
        ],
      },
    ),
  )
  .withPanel(
    answerTable(
      {
        title: 'Findings',
        description:
          'The evidence behind the verdicts: in use, scopes, tier and rotation, a sentence each. What is missing in the record is said there, too; then look before you decide.',
        unit: 'short',
        span: 24,
        height: 14,
      },
      {
        path: '/api/v1/review',
        parameters: PARAMETERS,
        pageOf: REVIEW_PAGE,
        rows: 'keys',
        fields: [
          text('tenant', 'Tenant'),
          text('id', 'Key'),
          text('verdict', 'Verdict'),
          ...QUESTIONS.map((question, i) => sentence(`findings.${i}.text`, question)),
        ],
      },
    ),
  );
