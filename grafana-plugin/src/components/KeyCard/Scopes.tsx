import { cx } from '@emotion/css';
import type { TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { ScopeLine } from '../../../../exporter/src/health/scopes.ts';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';
import { EmptyNote } from './Section.tsx';
import { getTableStyles } from './table-styles.ts';

interface Props {
  lines: readonly ScopeLine[];
  /** Changes that make the grants narrower, as parts of a sentence. */
  advice: readonly string[];
  now: number;
  timeZone: TimeZone;
}

/** Granted and needed scopes, and a narrower grant that covers every use. */
export function Scopes({ lines, advice, now, timeZone }: Props) {
  const styles = useStyles2(getTableStyles);
  if (lines.length === 0)
    return <EmptyNote>{t('scopes.none', 'No scopes are known for this key.')}</EmptyNote>;
  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('scopes.scope', 'Scope')}</th>
            <th scope="col">{t('scopes.granted', 'Granted')}</th>
            <th scope="col">{t('scopes.needed', 'Last needed')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ scope, granted, used, lastUsed }) => (
            <tr key={scope}>
              <th scope="row" className={styles.code}>
                <bdi>{scope}</bdi>
              </th>
              <td className={cx(!granted && styles.warn)}>
                {granted ? t('scopes.yes', 'yes') : t('scopes.no', 'not in the keys file')}
              </td>
              <td className={cx(!used && styles.quiet)}>
                {lastUsed > 0 ? (
                  <TimeAgo at={lastUsed} {...{ now, timeZone }} />
                ) : used ? (
                  t('scopes.unknown', 'used, time unknown')
                ) : (
                  t('scopes.never', 'none recorded')
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {advice.length > 0 && (
        <p>
          {t('scopes.advice', 'Narrower grant that still covers every use: {{advice}}.', {
            advice: advice.join('; '),
            interpolation: { escapeValue: false },
          })}
        </p>
      )}
    </>
  );
}
