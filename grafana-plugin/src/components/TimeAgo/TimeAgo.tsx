import { dateTimeFormat, type TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import React from 'react';
import { span } from '../../../../exporter/src/text/numbers.ts';

interface Props {
  /** Seconds since the epoch; 0 = never, NaN = unknown. */
  at: number;
  now: number;
  timeZone: TimeZone;
  /** Only the largest unit, for columns. */
  brief?: boolean;
}

/** A relative time with the absolute time as tooltip. */
export function TimeAgo({ at, now, timeZone, brief = false }: Props) {
  if (Number.isNaN(at)) return <span>{t('time-ago.unknown', 'unknown')}</span>;
  if (at <= 0) return <span>{t('time-ago.never', 'none recorded')}</span>;
  return (
    <time dateTime={isoOf(at)} dir="auto" title={absoluteTime(at, timeZone)}>
      {now - at < 1
        ? t('time-ago.now', 'just now')
        : t('time-ago.ago', '{{span}} ago', { span: spanText(now - at, brief) })}
    </time>
  );
}

/** Formats a time (seconds since the epoch) in the time zone of the dashboard. */
export const absoluteTime = (at: number, timeZone: TimeZone): string =>
  dateTimeFormat(at * 1000, { timeZone });

/** "2 h 14 min", or "2 h" if brief. */
const spanText = (seconds: number, brief: boolean): string =>
  brief ? span(seconds).split(' ').slice(0, 2).join(' ') : span(seconds);

const isoOf = (at: number): string => {
  const date = new Date(at * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};
