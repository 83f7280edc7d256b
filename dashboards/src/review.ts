import { REVIEW_PAGE } from '../../exporter/src/api/endpoints.ts';
import { QUESTIONS } from '../../exporter/src/review/verdicts.ts';
import { count } from '../../exporter/src/text/numbers.ts';
import {
  apiTable,
  coverageTable,
  MAX_PAGES,
  number,
  recordDashboard,
  sentence,
  text,
  textVariable,
  time,
} from './api.ts';
import { row } from './panels.ts';

const PARAMETERS = { quarter: '${quarter}' };

/** The quarterly review. `atender-exporter review` writes the page to sign. */
export const review = recordDashboard(
  'review',
  'Quarterly review: a verdict on every key, with its evidence. `atender-exporter review` writes the page to sign.',
  [textVariable('quarter', 'Quarter', 'Quarter such as 2026Q4; empty = current quarter')],
  'now-90d',
)
  .withRow(row('Review'))
  .withPanel(coverageTable('/api/v1/review', { ...PARAMETERS, limit: '1' }))
  .withPanel(
    apiTable(
      {
        title: 'Verdicts',
        description: `Each key with its most urgent verdict. Every verdict other than “keep” needs a decision by the owner. “undecided” means that other exporters may have counted more requests. The findings below are the evidence. Each ${REVIEW_PAGE} keys are sorted by urgency. The table shows up to ${count(MAX_PAGES * REVIEW_PAGE)} keys. \`atender-exporter review\` writes all keys in order.`,
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
          text('before.verdict', 'Previous verdict'),
          time('lastUsed', 'Last used'),
          number('requests', 'Requests'),
          number('previousRequests', 'Previous quarter'),
          number('throttled', '429'),
          text('tier', 'Tier'),
          text('newTier', 'Suggested tier'),
        ],
      },
    ),
  )
  .withPanel(
    apiTable(
      {
        title: 'Findings',
        description:
          'Evidence for the verdicts: one sentence each on use, scopes, tier and rotation. If the record has gaps, the finding says so. Check such keys yourself before you decide.',
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
