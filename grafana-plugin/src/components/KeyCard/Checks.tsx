import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Check, CheckResult } from '../../../../exporter/src/health/checks.ts';
import { RESULT_TITLES, thresholdText, valueText } from '../../../../exporter/src/health/wording.ts';
import { getTableStyles } from './table-styles.ts';

const ORDER: CheckResult[] = ['breach', 'ok', 'unknown', 'not_applicable'];

/** Every check of the key with value, threshold, and origin of the threshold. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  const styles = useStyles2(getTableStyles);
  const ordered = ORDER.flatMap((result) => checks.filter((check) => check.result === result));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('checks.label', 'Checks')}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t('checks.check', 'Check')}</th>
            <th scope="col">{t('checks.result', 'Result')}</th>
            <th scope="col" className={styles.figure}>
              {t('checks.value', 'Now')}
            </th>
            <th scope="col">{t('checks.threshold', 'Breached at')}</th>
            <th scope="col">{t('checks.origin', 'Set by')}</th>
            <th scope="col">{t('checks.why', 'Why')}</th>
          </tr>
        </thead>
        <tbody>
          {ordered.map(
            ({ name, label, alert, result, value, unit, kind, threshold, origin, explanation }) => (
              <tr key={name} className={result === 'ok' || result === 'breach' ? undefined : styles.quiet}>
                <th scope="row">
                  {label}
                  {alert !== '' && <div className={`${styles.second} ${styles.code}`}>{alert}</div>}
                </th>
                <td className={result === 'breach' ? styles.bad : undefined}>{RESULT_TITLES[result]}</td>
                <td className={styles.figure}>{valueText(value, unit)}</td>
                <td>{thresholdText(kind, threshold)}</td>
                <td>{origin === 'key' ? t('checks.key', 'this key') : t('checks.default', 'default')}</td>
                <td dir="auto">{explanation}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
