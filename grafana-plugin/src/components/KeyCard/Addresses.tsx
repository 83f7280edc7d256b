import type { TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { KEY_SERIES } from '../../../../exporter/src/health/series.ts';
import { count } from '../../../../exporter/src/text/numbers.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';
import { Nothing } from './Section.tsx';
import { getTableStyles } from './table-styles.ts';

interface Props {
  shown: ListedKey;
  now: number;
  timeZone: TimeZone;
}

/** How many different addresses use the key, and which of them are new. */
export function Addresses({ shown: { readings, signals }, now, timeZone }: Props) {
  const styles = useStyles2(getTableStyles);
  const windows = [...(readings.facts.get(KEY_SERIES.uniqueIps) ?? [])];
  if (windows.length === 0)
    return <Nothing>{t('addresses.none', 'Addresses of this key are not known.')}</Nothing>;
  return (
    <>
      <p className={styles.second}>
        {windows
          .map(([window, ips]) =>
            t('addresses.window', '{{ips}} in {{window}}', {
              ips: count(ips),
              window: window.replace(/(\d+)/, '$1 '),
            }),
          )
          .join(', ')}
      </p>
      {readings.addresses.length > 0 && (
        <p>
          {t('addresses.new', 'New in the last 24 h:')}{' '}
          {readings.addresses.map((ip) => (
            <bdi key={ip} className={styles.code}>
              {ip}{' '}
            </bdi>
          ))}
        </p>
      )}
      <p className={styles.second}>
        {t('addresses.last-new', 'Last new address:')}{' '}
        <TimeAgo at={signals.lastNewIp} {...{ now, timeZone }} />
      </p>
    </>
  );
}
