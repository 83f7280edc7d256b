import type { TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { KEY_SERIES } from '../../../../exporter/src/health/series.ts';
import { count } from '../../../../exporter/src/text/numbers.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';
import { EmptyNote } from './Section.tsx';
import { getTableStyles } from './table-styles.ts';

interface Props {
  shown: ListedKey;
  now: number;
  timeZone: TimeZone;
}

/** Number of unique IP addresses of the key, and the new ones. */
export function IpAddresses({ shown: { data, signals }, now, timeZone }: Props) {
  const styles = useStyles2(getTableStyles);
  const windows = [...(data.facts.get(KEY_SERIES.uniqueIps) ?? [])];
  if (windows.length === 0)
    return <EmptyNote>{t('addresses.none', 'The IP addresses of this key are unknown.')}</EmptyNote>;
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
      {data.addresses.length > 0 && (
        <p>
          {t('addresses.new', 'New in the last 24 h:')}{' '}
          {data.addresses.map((ip) => (
            <bdi key={ip} className={styles.code}>
              {ip}{' '}
            </bdi>
          ))}
        </p>
      )}
      <p className={styles.second}>
        {t('addresses.last-new', 'Last new IP address:')}{' '}
        <TimeAgo at={signals.lastNewIp} {...{ now, timeZone }} />
      </p>
    </>
  );
}
