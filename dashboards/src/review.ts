import { answerTable, number, recordFrame, text, time, typed } from './api.ts';
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
  .withPanel(
    answerTable(
      {
        title: 'Verdicts',
        description:
          'Every key with the first verdict that one of the four questions asks for. Everything but “keep” needs a decision by its owner: open the findings below for the evidence.',
        unit: 'short',
        span: 24,
        height: 14,
      },
      {
        path: '/api/v1/review',
        parameters: PARAMETERS,
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
        // JSONata: a row a finding, with its key.
        rows: 'keys.($key := $; findings.{"tenant": $key.tenant, "id": $key.id, "question": question, "verdict": verdict, "text": text})',
        fields: [
          text('tenant', 'Tenant'),
          text('id', 'Key'),
          text('question', 'Question'),
          text('verdict', 'Verdict'),
          text('text', 'Evidence'),
        ],
      },
    ),
  );
