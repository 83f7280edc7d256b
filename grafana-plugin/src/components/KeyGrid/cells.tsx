import { css } from '@emotion/css';
import type { DisplayValue, GrafanaTheme2, TimeZone } from '@grafana/data';
import { formattedValueToString } from '@grafana/data';
import { t } from '@grafana/i18n';
import React, { type CSSProperties, type ReactNode } from 'react';
import type { CheckName } from '../../../../exporter/src/health/checks.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import type { ColumnName } from '../../overview/columns.ts';
import type { DressedField, Dressing } from '../../overview/dressing.ts';
import { AnswerBar } from '../AnswerBar/AnswerBar.tsx';
import { AS_IS } from '../as-is.ts';
import { KeyLink } from '../KeyLink/KeyLink.tsx';
import { Sparkline } from '../Sparkline/Sparkline.tsx';
import { StateLabel } from '../StateLabel/StateLabel.tsx';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';

interface Shown {
  shown: ListedKey;
  fieldConfig: Dressing;
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

type CellOf = (shown: Shown) => Cell;

const NOTHING = '–';

const stateCell: CellOf = ({ shown, fieldConfig, styles }) => {
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

const keyCell: CellOf = ({ shown, fieldConfig, styles }) => {
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

const wordsCell =
  (of: (key: ListedKey) => string): CellOf =>
  ({ shown, styles }) => {
    const text = of(shown);
    return text === ''
      ? { className: styles.wordsFaint, children: NOTHING }
      : { className: styles.words, title: text, dir: 'auto', children: text };
  };

const lastUsedCell: CellOf = ({ shown, now, timeZone, styles }) => ({
  className: shown.lastUsed > 0 ? styles.end : styles.endFaint,
  children: <TimeAgo at={shown.lastUsed} now={now} timeZone={timeZone} brief />,
});

const requestsCell: CellOf = ({ shown, fieldConfig, styles }) => {
  const { trend, requests, anomaly } = shown;
  const { text, color } = figure(requests, fieldConfig.display('requests', shown));
  return {
    className: styles.volume,
    children: (
      <>
        {trend && <Sparkline times={trend.times} values={trend.values} width={64} height={24} />}
        <div className={text === NOTHING ? styles.requestsFaint : styles.requests} style={color}>
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

const changeCell: CellOf = ({ shown: { change }, shown, fieldConfig, styles }) => {
  const { text, color } = figure(change, fieldConfig.display('change', shown));
  return {
    className: text === NOTHING ? styles.endFaint : styles.end,
    style: color,
    children: change > 0 && text !== NOTHING ? `+${text}` : text,
  };
};

const answersCell: CellOf = ({ shown, styles }) => ({
  className: styles.cell,
  children: <AnswerBar counts={shown.hour} />,
});

/** A number with its threshold below. It is highlighted if the check is breached. */
const judgedCell =
  (field: DressedField, check: CheckName, of: (key: ListedKey) => number): CellOf =>
  ({ shown, fieldConfig, styles }) => {
    const judged = shown.health.checks.find(({ name }) => name === check);
    const value = of(shown);
    const isBreach = judged?.result === 'breach';
    const isFaint = !isBreach && !(Math.abs(value) > 0);
    const { text, color } = figure(value, fieldConfig.display(field, shown));
    return {
      className: isBreach ? styles.endBreach : isFaint ? styles.endFaint : styles.end,
      title: judged?.explanation,
      // A breach takes precedence over colours of field config.
      style: isBreach || isFaint ? undefined : color,
      children: (
        <>
          {text}
          {judged && (
            <div className={styles.second}>{limitWords(fieldConfig.format(field, judged.threshold))}</div>
          )}
        </>
      ),
    };
  };

/** Cached, because translating the same thresholds for every row slows down scrolling. */
const limits = new Map<string, string>();

function limitWords(limit: string): string {
  const words = limits.get(limit) ?? t('cell.limit', 'of {{limit}}', { limit, ...AS_IS });
  limits.set(limit, words);
  return words;
}

const uniqueIpsCell: CellOf = ({ shown, fieldConfig, styles }) => {
  const { text, color } = figure(shown.uniqueIps, fieldConfig.display('unique_ips', shown));
  return {
    className: text === NOTHING ? styles.endFaint : styles.end,
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
function figure(value: number, display: DisplayValue): { text: string; color: CSSProperties | undefined } {
  if (!Number.isFinite(value)) return { text: NOTHING, color: undefined };
  return {
    text: formattedValueToString(display),
    color: display.color ? { color: display.color } : undefined,
  };
}

/** Renderer of each column. */
export const CELLS: Record<ColumnName, CellOf> = {
  state: stateCell,
  key: keyCell,
  environment: wordsCell(({ environment }) => environment),
  tier: wordsCell(({ tier }) => tier),
  owner: wordsCell(({ owner }) => owner),
  lastUsed: lastUsedCell,
  requests: requestsCell,
  change: changeCell,
  answers: answersCell,
  throttled: judgedCell('throttled', 'throttled', ({ throttledShare }) => throttledShare),
  forbidden: judgedCell('forbidden', 'forbidden', ({ forbidden }) => forbidden),
  serverErrors: judgedCell('server_errors', 'server_errors', ({ serverErrorShare }) => serverErrorShare),
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
