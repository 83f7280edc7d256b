import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { StatusLine } from '../../../../exporter/src/health/statuses.ts';
import { count, percent } from '../../../../exporter/src/text/numbers.ts';
import { EmptyNote } from './Section.tsx';
import { getTableStyles } from './table-styles.ts';

/** Responses by status code, with the meaning of each code and what to do. */
export function Statuses({ lines, isKnown }: { lines: readonly StatusLine[]; isKnown: boolean }) {
  const styles = useStyles2(getTableStyles);
  if (!isKnown)
    return <EmptyNote>{t('statuses.unknown', 'The responses of this key are unknown.')}</EmptyNote>;
  if (lines.length === 0) return <EmptyNote>{t('statuses.none', 'No requests in the last hour.')}</EmptyNote>;
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{t('statuses.status', 'Status')}</th>
          <th scope="col" className={styles.figure}>
            {t('statuses.requests', 'Requests')}
          </th>
          <th scope="col" className={styles.figure}>
            {t('statuses.share', 'Share')}
          </th>
          <th scope="col">{t('statuses.meaning', 'What it means')}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ status, requests, share, meaning }) => (
          <tr key={status}>
            <th scope="row">{status}</th>
            <td className={styles.figure}>{count(requests)}</td>
            <td className={styles.figure}>{percent(share)}</td>
            <td>
              {meaning.title}. {meaning.meaning}
              {meaning.remedy && <div className={styles.second}>{meaning.remedy}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
