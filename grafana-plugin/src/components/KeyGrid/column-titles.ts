import { t } from '@grafana/i18n';
import type { ColumnName } from '../../overview/columns.ts';

/** What a column is called, and what its figures mean. */
export function columnTitle(column: ColumnName): { title: string; about: string } {
  const titles: Record<ColumnName, [title: string, about: string]> = {
    state: [t('column.state', 'State'), t('column.state-about', 'State and the reason for it, worst first')],
    key: [t('column.key', 'Key'), t('column.key-about', 'Name, tenant and id')],
    environment: [
      t('column.environment', 'Environment'),
      t('column.environment-about', 'Production or sandbox'),
    ],
    tier: [t('column.tier', 'Tier'), t('column.tier-about', 'The plan that sets the limits')],
    owner: [t('column.owner', 'Owner'), t('column.owner-about', 'Who to ask')],
    lastUsed: [
      t('column.last-used', 'Last used'),
      t('column.last-used-about', 'Latest request answered with anything but 401'),
    ],
    requests: [
      t('column.requests', 'Requests/h'),
      t('column.requests-about', 'Requests of the last hour; the line shows the time range of the dashboard'),
    ],
    change: [
      t('column.change', 'vs last week'),
      t('column.change-about', 'The last hour against the same hour a week ago'),
    ],
    answers: [
      t('column.answers', 'Answers'),
      t(
        'column.answers-about',
        'How the requests of the last hour were answered; sorted by the share that failed',
      ),
    ],
    throttled: [
      t('column.throttled', '429'),
      t(
        'column.throttled-about',
        'Share of rate limited answers in the last 30 minutes, below it the threshold',
      ),
    ],
    forbidden: [
      t('column.forbidden', '403'),
      t('column.forbidden-about', 'Forbidden answers in the last 30 minutes, below it the threshold'),
    ],
    serverErrors: [
      t('column.server-errors', '5xx'),
      t(
        'column.server-errors-about',
        'Share of server errors in the last 30 minutes, below it the threshold',
      ),
    ],
    uniqueIps: [
      t('column.unique-ips', 'IPs'),
      t('column.unique-ips-about', 'Different addresses in the last 24 hours'),
    ],
  };
  const [title, about] = titles[column];
  return { title, about };
}
