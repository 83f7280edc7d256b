import { css, cx } from '@emotion/css';
import type { DisplayValue, GrafanaTheme2, TimeZone } from '@grafana/data';
import { formattedValueToString } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { type ComponentType } from 'react';
import type { CheckName } from '../../../../exporter/src/keys/checks.ts';
import type { ListedKey } from '../../keys/key-list.ts';
import type { ColumnName } from '../../overview/columns.ts';
import type { DressedField, Dressing } from '../../overview/dressing.ts';
import { AnswerBar } from '../AnswerBar/AnswerBar.tsx';
import { AS_IS } from '../as-is.ts';
import { KeyLink } from '../KeyLink/KeyLink.tsx';
import { Sparkline } from '../Sparkline/Sparkline.tsx';
import { StateLabel } from '../StateLabel/StateLabel.tsx';
import { TimeAgo } from '../TimeAgo/TimeAgo.tsx';

interface CellProps {
  shown: ListedKey;
  dressing: Dressing;
  now: number;
  timeZone: TimeZone;
}

const NOTHING = '–';

function StateCell({ shown, dressing }: CellProps) {
  const styles = useStyles2(getStyles);
  const { state, reason } = shown.health;
  const { text, color } = dressing.state(shown);
  return (
    <>
      <div className={styles.state}>
        <StateLabel state={state} text={text} color={color} />
      </div>
      <div className={styles.reason} title={reason} dir="auto">
        {reason}
      </div>
    </>
  );
}

function KeyCell({ shown, dressing }: CellProps) {
  const styles = useStyles2(getStyles);
  const id = shown.title === shown.id ? '' : shown.id;
  const under = [shown.tenant, id].filter(Boolean);
  return (
    <>
      <KeyLink links={dressing.links(shown)} title={shown.title} />
      <div className={cx(styles.second, styles.code)} title={under.join(' / ')}>
        {under.map((text, i) => (
          <React.Fragment key={text}>
            {i > 0 && ' / '}
            <bdi>{text}</bdi>
          </React.Fragment>
        ))}
      </div>
    </>
  );
}

function wordsCell(of: (key: ListedKey) => string): ComponentType<CellProps> {
  return function WordsCell({ shown }) {
    const styles = useStyles2(getStyles);
    const text = of(shown);
    return (
      <div className={cx(styles.line, text === '' && styles.faint)} title={text} dir="auto">
        {text || NOTHING}
      </div>
    );
  };
}

function LastUsedCell({ shown, now, timeZone }: CellProps) {
  const styles = useStyles2(getStyles);
  return (
    <div className={cx(styles.line, !(shown.lastUsed > 0) && styles.faint)}>
      <TimeAgo at={shown.lastUsed} now={now} timeZone={timeZone} brief />
    </div>
  );
}

function RequestsCell({ shown, dressing }: CellProps) {
  const styles = useStyles2(getStyles);
  const { trend, requests, anomaly } = shown;
  return (
    <div className={styles.volume}>
      {trend && <Sparkline times={trend.times} values={trend.values} width={64} height={24} />}
      <div className={styles.figures}>
        <Figure value={requests} display={dressing.display('requests', shown)} />
        {anomaly && <Anomaly anomaly={anomaly} />}
      </div>
    </div>
  );
}

function Anomaly({ anomaly }: { anomaly: 'spike' | 'dip' }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.anomaly}>
      {anomaly === 'spike' ? t('cell.spike', '▲ spike') : t('cell.dip', '▼ dip')}
    </div>
  );
}

function ChangeCell({ shown, dressing }: CellProps) {
  const styles = useStyles2(getStyles);
  const { change } = shown;
  if (!Number.isFinite(change)) return <span className={styles.faint}>{NOTHING}</span>;
  const display = dressing.display('change', shown);
  const sign = change > 0 ? '+' : '';
  return (
    <span style={colorOf(display)}>
      {sign}
      {formattedValueToString(display)}
    </span>
  );
}

function AnswersCell({ shown }: CellProps) {
  return <AnswerBar counts={shown.hour} />;
}

/** A figure above the threshold it is held to; marked where the check finds a breach. */
function judgedCell(
  field: DressedField,
  check: CheckName,
  of: (key: ListedKey) => number,
): ComponentType<CellProps> {
  return function JudgedCell({ shown, dressing }) {
    const styles = useStyles2(getStyles);
    const judged = shown.health.checks.find(({ name }) => name === check);
    const value = of(shown);
    return (
      <div title={judged?.explanation}>
        <Figure
          value={value}
          display={dressing.display(field, shown)}
          className={judged?.result === 'breach' ? styles.breach : value === 0 ? styles.faint : undefined}
        />
        {judged && (
          <div className={styles.second}>{limitWords(dressing.format(field, judged.threshold))}</div>
        )}
      </div>
    );
  };
}

/** Few limits for many rows: translating each again is what scrolling would mostly do. */
const limits = new Map<string, string>();

function limitWords(limit: string): string {
  const words = limits.get(limit) ?? t('cell.limit', 'of {{limit}}', { limit, ...AS_IS });
  limits.set(limit, words);
  return words;
}

function UniqueIpsCell({ shown, dressing }: CellProps) {
  const styles = useStyles2(getStyles);
  return (
    <>
      <Figure value={shown.uniqueIps} display={dressing.display('unique_ips', shown)} />
      {shown.hasNewIp && <div className={styles.anomaly}>{t('cell.new-ip', 'new')}</div>}
    </>
  );
}

interface FigureProps {
  value: number;
  display: DisplayValue;
  /** Says more than the colour that field config gives. */
  className?: string | undefined;
}

function Figure({ value, display, className }: FigureProps) {
  const styles = useStyles2(getStyles);
  if (!Number.isFinite(value)) return <span className={styles.faint}>{NOTHING}</span>;
  return (
    <span className={className} style={className ? undefined : colorOf(display)}>
      {formattedValueToString(display)}
    </span>
  );
}

/** Figures are in the colour of the text, unless thresholds or mappings of the field give them another. */
const colorOf = ({ color }: DisplayValue) => (color ? { color } : undefined);

/** How the cell of each column is drawn. */
export const CELLS: Record<ColumnName, ComponentType<CellProps>> = {
  state: StateCell,
  key: KeyCell,
  environment: wordsCell(({ environment }) => environment),
  tier: wordsCell(({ tier }) => tier),
  owner: wordsCell(({ owner }) => owner),
  lastUsed: LastUsedCell,
  requests: RequestsCell,
  change: ChangeCell,
  answers: AnswersCell,
  throttled: judgedCell('throttled', 'throttled', ({ throttledShare }) => throttledShare),
  forbidden: judgedCell('forbidden', 'forbidden', ({ forbidden }) => forbidden),
  serverErrors: judgedCell('server_errors', 'server_errors', ({ serverErrorShare }) => serverErrorShare),
  uniqueIps: UniqueIpsCell,
};

const getStyles = (theme: GrafanaTheme2) => {
  const oneLine = { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;
  const small = { fontSize: theme.typography.bodySmall.fontSize, lineHeight: 1.35 };
  return {
    line: css(oneLine),
    second: css({ ...oneLine, ...small, color: theme.colors.text.secondary }),
    state: css({ display: 'flex' }),
    // Two lines: what decided is what the grid is read for.
    reason: css({
      ...small,
      lineHeight: 1.25,
      color: theme.colors.text.secondary,
      overflow: 'hidden',
      overflowWrap: 'anywhere',
      display: '-webkit-box',
      WebkitBoxOrient: 'vertical',
      WebkitLineClamp: 2,
    }),
    code: css({ fontFamily: theme.typography.fontFamilyMonospace }),
    faint: css({ color: theme.colors.text.secondary }),
    volume: css({ display: 'flex', alignItems: 'center', justifyContent: 'flex-end', gap: theme.spacing(1) }),
    figures: css({ minWidth: 52 }),
    anomaly: css({ ...small, color: theme.colors.warning.text, whiteSpace: 'nowrap' }),
    breach: css({ color: theme.colors.error.text, fontWeight: theme.typography.fontWeightMedium }),
  };
};
