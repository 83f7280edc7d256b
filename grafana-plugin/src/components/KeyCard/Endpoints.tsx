import { cx } from '@emotion/css';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { count, percent } from '../../../../exporter/src/text/numbers.ts';
import type { EndpointSummary } from '../../card/key-card.ts';
import { Meter } from './Meter.tsx';
import { EmptyNote } from './Section.tsx';
import { getTableStyles } from './table-styles.ts';

/** Number of listed endpoints. */
const LISTED = 10;

/** The busiest endpoints with their share and errors. Clusters of 404 and 422 are marked. */
export function Endpoints({ lines, isKnown }: { lines: readonly EndpointSummary[]; isKnown: boolean }) {
  const styles = useStyles2(getTableStyles);
  if (!isKnown)
    return <EmptyNote>{t('endpoints.unknown', 'The endpoints of this key are unknown.')}</EmptyNote>;
  if (lines.length === 0)
    return <EmptyNote>{t('endpoints.none', 'No requests in the last 30 minutes.')}</EmptyNote>;
  // Clusters are always listed.
  const listed = lines.filter(({ isCluster }, i) => i < LISTED || isCluster);
  const rest = lines.length - listed.length;
  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('endpoints.endpoint', 'Endpoint')}</th>
            <th scope="col" className={styles.figure}>
              {t('endpoints.requests', 'Requests')}
            </th>
            <th scope="col">{t('endpoints.share', 'Share')}</th>
            <th scope="col">{t('endpoints.errors', 'Errors')}</th>
          </tr>
        </thead>
        <tbody>
          {listed.map(({ method, template, requests, share, errors, isCluster }) => (
            <tr key={`${method} ${template}`}>
              <th scope="row" className={styles.code}>
                {method} <bdi>{template}</bdi>
              </th>
              <td className={styles.figure}>{count(requests)}</td>
              <td>
                <Meter ratio={share} tone="plain" words={percent(share)} />
              </td>
              <td className={cx(isCluster ? styles.bad : styles.quiet)}>
                {isCluster && <b>{t('endpoints.cluster', 'Cluster: ')}</b>}
                {errors.map(([status, n]) => `${count(n)} × ${status}`).join(', ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <EmptyNote>{t('endpoints.rest', 'and {{count}} more', { count: rest })}</EmptyNote>}
    </>
  );
}
