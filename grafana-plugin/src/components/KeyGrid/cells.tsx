import { css } from '@emotion/css';
import type { DisplayValue, GrafanaTheme2, TimeZone } from '@grafana/data';
import { formattedValueToString } from '@grafana/data';
import { t } from '@grafana/i18n';
import React, { type CSSProperties, type ReactNode } from 'react';
import type { CheckName } from '../../../../exporter/src/health/checks.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import type { ColumnName } from '../../overview/columns.ts';
import type { AppliedFieldConfig, ConfiguredField } from '../../overview/field-config.ts';
import { KeyLink } from '../KeyLink/KeyLink.tsx';
import { ResponseBar } from '../ResponseBar/ResponseBar.tsx';
import { Sparkline } from '../Sparkline/Sparkline.tsx';
import { StateLabel } from '../StateLabel/StateLabel.tsx';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';
import { UNESCAPED } from '../unescaped.ts';

interface CellProps {
  shown: ListedKey;
  fieldConfig: AppliedFieldConfig;
  now: number;
  timeZone: TimeZone;
  styles: ReturnType<typeof getCellStyles>;
}

/** Properties and content of a cell. Most cells have no child elements, because elements slow down scrolling. */
interface Cell {
  className: string;
  title?: string | undefined;
  dir?: 'auto';
  style?: CSSProperties | undefined;
  children: ReactNode;
}

type CellRenderer = (shown: CellProps) => Cell;

const NO_VALUE = '–';

const stateCell: CellRenderer = ({ shown, fieldConfig, styles }) => {
  const { state, reason } = shown.health;
  const { text, color } = fieldConfig.state(shown);
  return {
    className: styles.cell,
    title: reason,
    children: (
      <>
        <StateLabel state={state} text={text} color={color} />
        <div className={styles.reason} dir="auto">
          {reason}
        </div>
      </>
    ),
  };
};

const keyCell: CellRenderer = ({ shown, fieldConfig, styles }) => {
  const { title, tenant } = shown;
  const id = title === shown.id ? '' : shown.id;
  return {
    className: styles.cell,
    children: (
      <>
        <KeyLink links={fieldConfig.links(shown)} title={title} />
        <div className={styles.ids} title={[tenant, id].filter(Boolean).join(' / ')}>
          {tenant && <bdi>{tenant}</bdi>}
          {tenant && id && ' / '}
          {id && <bdi>{id}</bdi>}
        </div>
      </>
    ),
  };
};

const textCell =
  (of: (key: ListedKey) => string): CellRenderer =>
  ({ shown, styles }) => {
    const text = of(shown);
    return text === ''
      ? { className: styles.wordsFaint, children: NO_VALUE }
      : { className: styles.words, title: text, dir: 'auto', children: text };
  };

const lastUsedCell: CellRenderer = ({ shown, now, timeZone, styles }) => ({
  className: shown.lastUsed > 0 ? styles.end : styles.endFaint,
  children: <TimeAgo at={shown.lastUsed} now={now} timeZone={timeZone} brief />,
});

const requestsCell: CellRenderer = ({ shown, fieldConfig, styles }) => {
  const { trend, requests, anomaly } = shown;
  const { text, color } = formatted(requests, fieldConfig.display('requests', shown));
  return {
    className: styles.volume,
    children: (
      <>
        {trend && <Sparkline times={trend.times} values={trend.values} width={64} height={24} />}
        <div className={text === NO_VALUE ? styles.requestsFaint : styles.requests} style={color}>
          {text}
          {anomaly && (
            <div className={styles.anomaly}>
              {anomaly === 'spike' ? t('cell.spike', '▲ spike') : t('cell.dip', '▼ dip')}
            </div>
          )}
        </div>
      </>
    ),
  };
};

const changeCell: CellRenderer = ({ shown: { change }, shown, fieldConfig, styles }) => {
  const { text, color } = formatted(change, fieldConfig.display('change', shown));
  return {
    className: text === NO_VALUE ? styles.endFaint : styles.end,
    style: color,
    children: change > 0 && text !== NO_VALUE ? `+${text}` : text,
  };
};

const responsesCell: CellRenderer = ({ shown, styles }) => ({
  className: styles.cell,
  children: <ResponseBar counts={shown.hour} />,
});

/** A number with its threshold below. It is highlighted if the check is breached. */
const checkedCell =
  (field: ConfiguredField, check: CheckName, of: (key: ListedKey) => number): CellRenderer =>
  ({ shown, fieldConfig, styles }) => {
    const judged = shown.health.checks.find(({ name }) => name === check);
    const value = of(shown);
    const isBreach = judged?.result === 'breach';
    const isFaint = !isBreach && !(Math.abs(value) > 0);
    const { text, color } = formatted(value, fieldConfig.display(field, shown));
    return {
      className: isBreach ? styles.endBreach : isFaint ? styles.endFaint : styles.end,
      title: judged?.explanation,
      // A breach takes precedence over colours of field config.
      style: isBreach || isFaint ? undefined : color,
      children: (
        <>
          {text}
          {judged && (
            <div className={styles.second}>{thresholdText(fieldConfig.format(field, judged.threshold))}</div>
          )}
        </>
      ),
    };
  };

/** Cached, because translating the same thresholds for every row slows down scrolling. */
const thresholdTexts = new Map<string, string>();

function thresholdText(limit: string): string {
  const words = thresholdTexts.get(limit) ?? t('cell.limit', 'of {{limit}}', { limit, ...UNESCAPED });
  thresholdTexts.set(limit, words);
  return words;
}

const uniqueIpsCell: CellRenderer = ({ shown, fieldConfig, styles }) => {
  const { text, color } = formatted(shown.uniqueIps, fieldConfig.display('unique_ips', shown));
  return {
    className: text === NO_VALUE ? styles.endFaint : styles.end,
    style: color,
    children: (
      <>
        {text}
        {shown.hasNewIp && <div className={styles.anomaly}>{t('cell.new-ip', 'new')}</div>}
      </>
    ),
  };
};

/** Numbers have the text colour unless field config sets another one. */
function formatted(value: number, display: DisplayValue): { text: string; color: CSSProperties | undefined } {
  if (!Number.isFinite(value)) return { text: NO_VALUE, color: undefined };
  return {
    text: formattedValueToString(display),
    color: display.color ? { color: display.color } : undefined,
  };
}

/** Renderer of each column. */
export const CELLS: Record<ColumnName, CellRenderer> = {
  state: stateCell,
  key: keyCell,
  environment: textCell(({ environment }) => environment),
  tier: textCell(({ tier }) => tier),
  owner: textCell(({ owner }) => owner),
  lastUsed: lastUsedCell,
  requests: requestsCell,
  change: changeCell,
  answers: responsesCell,
  throttled: checkedCell('throttled', 'throttled', ({ throttledShare }) => throttledShare),
  forbidden: checkedCell('forbidden', 'forbidden', ({ forbidden }) => forbidden),
  serverErrors: checkedCell('server_errors', 'server_errors', ({ serverErrorShare }) => serverErrorShare),
  uniqueIps: uniqueIpsCell,
};

/** One class per element: joining classes costs time for every element. */
export const getCellStyles = (theme: GrafanaTheme2) => {
  const { colors, typography } = theme;
  const cell = { overflow: 'hidden', fontVariantNumeric: 'tabular-nums' } as const;
  const oneLine = { ...cell, textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;
  const small = { fontSize: typography.bodySmall.fontSize, lineHeight: 1.35 };
  const end = { ...cell, textAlign: 'end' } as const;
  const faint = { color: colors.text.secondary };
  const second = { ...oneLine, ...small, ...faint, fontWeight: typography.fontWeightRegular };
  const requests = { minWidth: 52 };
  return {
    cell: css(cell),
    words: css(oneLine),
    wordsFaint: css({ ...oneLine, ...faint }),
    end: css(end),
    endFaint: css({ ...end, ...faint }),
    endBreach: css({ ...end, color: colors.error.text, fontWeight: typography.fontWeightMedium }),
    second: css(second),
    ids: css({ ...second, fontFamily: typography.fontFamilyMonospace }),
    // At most two lines.
    reason: css({
      ...small,
      ...faint,
      lineHeight: 1.25,
      overflow: 'hidden',
      overflowWrap: 'anywhere',
      display: '-webkit-box',
      WebkitBoxOrient: 'vertical',
      WebkitLineClamp: 2,
    }),
    volume: css({
      ...end,
      display: 'flex',
      alignItems: 'center',
      justifyContent: 'flex-end',
      gap: theme.spacing(1),
    }),
    requests: css(requests),
    requestsFaint: css({ ...requests, ...faint }),
    anomaly: css({ ...small, color: colors.warning.text, whiteSpace: 'nowrap' }),
  };
};
