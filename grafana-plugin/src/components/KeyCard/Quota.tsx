import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { count } from '../../../../exporter/src/text/numbers.ts';
import type { QuotaUse } from '../../card/key-card.ts';
import { Meter } from './Meter.tsx';

/** Rate-limit headroom per minute and per day. */
export function Quota({ lines }: { lines: readonly QuotaUse[] }) {
  const styles = useStyles2(getStyles);
  const names: Record<QuotaUse['name'], string> = {
    minute: t('quota.minute', 'Peak minute (last 5 min)'),
    day: t('quota.day', 'Today (UTC)'),
  };
  return (
    <dl className={styles.lines}>
      {lines.map((line) => (
        <div key={line.name}>
          <dt>{names[line.name]}</dt>
          <dd>{quotaText(line)}</dd>
        </div>
      ))}
    </dl>
  );
}

function quotaText({ used, limit, warningRatio }: QuotaUse): React.ReactNode {
  if (limit === null || Number.isNaN(limit))
    return t('quota.no-limit', '{{used}} (limit unknown)', { used: count(used) });
  if (Number.isNaN(used)) return t('quota.unknown', 'unknown (limit {{limit}})', { limit: count(limit) });
  const left = limit - used;
  const ratio = limit > 0 ? used / limit : Number.NaN;
  const tone = ratio >= 1 ? 'bad' : ratio >= warningRatio ? 'warn' : 'good';
  const sentence =
    left >= 0
      ? t('quota.left', '{{used}} of {{limit}}, {{left}} left', {
          used: count(used),
          limit: count(limit),
          left: count(left),
        })
      : t('quota.over', '{{used}} of {{limit}}, over the limit', { used: count(used), limit: count(limit) });
  return <Meter ratio={ratio} tone={tone} words={sentence} />;
}

const getStyles = (theme: GrafanaTheme2) => ({
  lines: css({
    margin: 0,
    display: 'grid',
    gap: theme.spacing(1),
    fontVariantNumeric: 'tabular-nums',
    '& dt': {
      fontSize: theme.typography.bodySmall.fontSize,
      fontWeight: theme.typography.fontWeightRegular,
      color: theme.colors.text.secondary,
    },
    '& dd': { margin: 0 },
  }),
});
