import { css, cx } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import { count, percent } from '../../../../exporter/src/text/numbers.ts';
import type { Rotation, RotationSide } from '../../card/rotation.ts';
import { sparklinePath } from '../Sparkline/path.ts';
import { absoluteTime, TimeAgo } from '../TimeAgo/TimeAgo.tsx';
import { UNESCAPED } from '../unescaped.ts';
import { getTableStyles } from './table-styles.ts';

interface Props {
  rotation: Rotation;
  now: number;
  timeZone: TimeZone;
}

const WIDTH = 600;
const HEIGHT = 40;
/** Number of listed endpoints. */
const LISTED = 8;

/** Progress of a rotation: shares of both keys, endpoints still called with the old key, and when it may be revoked. */
export function RotationTracker({ rotation, now, timeZone }: Props) {
  const styles = useStyles2(getStyles);
  const tables = useStyles2(getTableStyles);
  const { old, next, shares, lately, check, safeAfter, stragglers, addresses } = rotation;
  const isComplete = check.result === 'breach';
  return (
    <>
      <p className={cx(styles.line, isComplete && styles.safe)}>{check.explanation}</p>
      {!isComplete && Number.isFinite(safeAfter) && (
        <p className={styles.line}>
          {t('rotation.safe-after', 'Safe to revoke after {{time}} if the old key is not used until then.', {
            time: absoluteTime(safeAfter, timeZone),
            ...UNESCAPED,
          })}
        </p>
      )}
      <Shares shares={shares} />
      {Number.isFinite(lately) && (
        <p className={tables.second}>
          {t('rotation.share', 'Last hour: {{next}} on the new key, {{old}} on the old key.', {
            next: percent(lately),
            old: percent(1 - lately),
          })}
        </p>
      )}
      <table className={tables.table}>
        <thead>
          <tr>
            <th scope="col">{t('rotation.key', 'Key')}</th>
            <th scope="col">{t('rotation.last-used', 'Last used')}</th>
            <th scope="col" className={tables.figure}>
              {t('rotation.ips', 'IPs in 1 h / 24 h')}
            </th>
          </tr>
        </thead>
        <tbody>
          <Side name={t('rotation.old', 'old')} side={old} {...{ now, timeZone }} />
          <Side name={t('rotation.new', 'new')} side={next} {...{ now, timeZone }} />
        </tbody>
      </table>
      {stragglers.length > 0 && (
        <>
          <h4 className={styles.subtitle}>
            {t('rotation.stragglers', 'Endpoints called with the old key (last 24 h)')}
          </h4>
          <ul className={styles.list}>
            {stragglers.slice(0, LISTED).map(({ method, template, requests }) => (
              <li key={`${method} ${template}`}>
                <span className={tables.code}>
                  {method} <bdi>{template}</bdi>
                </span>{' '}
                {count(requests)}
              </li>
            ))}
          </ul>
          {stragglers.length > LISTED && (
            <p className={tables.second}>
              {t('rotation.more', 'and {{count}} more', { count: stragglers.length - LISTED })}
            </p>
          )}
        </>
      )}
      {addresses.length > 0 && (
        <p>
          {t('rotation.addresses', 'New IP addresses on the old key:')}{' '}
          {addresses.map((ip) => (
            <bdi key={ip} className={tables.code}>
              {ip}{' '}
            </bdi>
          ))}
        </p>
      )}
    </>
  );
}

function Shares({ shares: { times, next } }: { shares: Rotation['shares'] }) {
  const styles = useStyles2(getStyles);
  const { colors } = useTheme2();
  if (times.length < 2) return null;
  const { line, area } = sparklinePath(times, next, WIDTH, HEIGHT, 1);
  return (
    <svg
      className={styles.strip}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={t('rotation.shares', 'Share of the new key in the shown time')}
    >
      <path d={area} fill={colors.success.transparent} />
      <path d={line} fill="none" stroke={colors.success.text} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function Side({
  name,
  side,
  now,
  timeZone,
}: {
  name: string;
  side: RotationSide;
  now: number;
  timeZone: TimeZone;
}) {
  const tables = useStyles2(getTableStyles);
  const ips = (value: number) => (Number.isFinite(value) ? count(value) : '–');
  return (
    <tr>
      <th scope="row">
        <bdi>{side.title}</bdi> <span className={tables.second}>{name}</span>
      </th>
      <td>
        <TimeAgo at={side.lastUsed} {...{ now, timeZone }} />
      </td>
      <td className={tables.figure}>
        {ips(side.ipsHour)} / {ips(side.ipsDay)}
      </td>
    </tr>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  safe: css({ color: theme.colors.success.text, fontWeight: theme.typography.fontWeightMedium }),
  line: css({ margin: theme.spacing(0, 0, 0.5) }),
  strip: css({
    display: 'block',
    width: '100%',
    height: HEIGHT,
    background: theme.colors.background.secondary,
    marginBottom: theme.spacing(0.5),
  }),
  subtitle: css({
    margin: theme.spacing(1, 0, 0.5),
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
  }),
  list: css({ margin: 0, paddingInlineStart: theme.spacing(2) }),
});
