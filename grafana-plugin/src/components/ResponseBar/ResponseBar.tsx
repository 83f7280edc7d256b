import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { WindowCounts } from '../../../../exporter/src/health/key-signals.ts';
import { percent } from '../../../../exporter/src/text/numbers.ts';
import { stripes } from './stripes.ts';

/** Classes of responses in the order of the bar, best first. */
const PARTS = [
  ['success', '2xx'],
  ['redirect', '3xx'],
  ['other4xx', '4xx'],
  ['unauthorized', '401'],
  ['forbidden', '403'],
  ['throttled', '429'],
  ['serverErrors', '5xx'],
  ['noResponse', 'no response'],
] as const;

/** Responses as a bar of status classes. */
export function ResponseBar({ counts }: { counts: WindowCounts }) {
  const styles = useStyles2(getStyles);
  if (!(counts.requests > 0))
    return (
      <div
        className={styles.bar}
        role="img"
        aria-label={t('response-bar.none', 'No requests in the last hour')}
      />
    );
  const parts = PARTS.map(([part, code]) => ({ part, code, share: (counts[part] ?? 0) / counts.requests }))
    .filter(({ share }) => share > 0)
    .map(({ part, code, share }) => ({
      color: styles.colors[part],
      share,
      words: `${code} ${percent(share)}`,
    }));
  const words = parts.map((part) => part.words).join(', ');
  return (
    <div
      className={styles.bar}
      role="img"
      aria-label={words}
      title={words}
      style={{ backgroundImage: stripes(parts) }}
    />
  );
}

const partColors = ({ colors, visualization }: GrafanaTheme2) => ({
  success: colors.success.main,
  redirect: colors.info.main,
  other4xx: visualization.getColorByName('yellow'),
  unauthorized: visualization.getColorByName('purple'),
  forbidden: visualization.getColorByName('dark-orange'),
  throttled: colors.warning.main,
  serverErrors: colors.error.main,
  noResponse: colors.text.disabled,
});

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    height: 8,
    borderRadius: 4,
    backgroundColor: theme.colors.background.secondary,
    '[dir="rtl"] &': { transform: 'scaleX(-1)' },
  }),
  colors: partColors(theme),
});
