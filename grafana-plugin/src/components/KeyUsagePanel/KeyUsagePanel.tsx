import { css } from '@emotion/css';
import { type GrafanaTheme2, LoadingState, type PanelData, type PanelProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import { chosenKey } from '../../card/key-card.ts';
import { queryResultsOf } from '../../frames/query-results.ts';
import { keyListOf } from '../../keys/key-list.ts';
import { type Notice, noticesOf } from '../../keys/notices.ts';
import type { PanelOptions } from '../../options/options.ts';
import { KeyCard } from '../KeyCard/KeyCard.tsx';
import { Message } from '../Message/Message.tsx';
import { Notices } from '../Notices/Notices.tsx';
import { Overview } from '../Overview/Overview.tsx';
import { absoluteTime } from '../TimeAgo/TimeAgo.tsx';
import { UNESCAPED } from '../unescaped.ts';

/** The panel: the overview of all keys, or the card of one. */
export function KeyUsagePanel(props: PanelProps<PanelOptions>) {
  const { options, width, height, timeZone, fieldConfig, replaceVariables } = props;
  const styles = useStyles2(getStyles);
  const data = useLastCompleteData(props.data);
  const answers = useMemo(() => queryResultsOf(data, options.roles ?? {}), [data, options.roles]);
  const list = useMemo(() => keyListOf(answers), [answers]);
  const latest = useMemo(() => queryResultsOf(props.data, options.roles ?? {}), [props.data, options.roles]);
  const problems = useMemo(
    () => noticesOf({ ...answers, failed: latest.failed }, list, options.view, options.roles ?? {}),
    [answers, latest, list, options.view, options.roles],
  );
  const chosen =
    options.view === 'key'
      ? chosenKey(
          list.keys,
          replacedVariable(options.key, replaceVariables),
          replacedVariable(options.tenant, replaceVariables),
        )
      : undefined;
  return (
    <section className={styles.panel} style={{ width, height }}>
      {list.keys.length === 0 || data.state === LoadingState.Loading ? (
        <NoKeys problems={problems} isLoading={props.data.state === LoadingState.Loading} />
      ) : (
        <>
          {answers.isPast && (
            <p className={styles.asOf} role="note">
              {t('panel.as-of', 'As of {{time}}. Later changes are not shown.', {
                time: absoluteTime(answers.evaluatedAt / 1000, timeZone),
                ...UNESCAPED,
              })}
            </p>
          )}
          <Notices problems={problems} />
          {options.view === 'overview' && (
            <Overview {...{ list, options, fieldConfig, replaceVariables, timeZone, width, height }} />
          )}
          {options.view === 'key' &&
            (chosen ? (
              <KeyCard {...{ shown: chosen, list, timeZone, width }} />
            ) : (
              <Message
                title={t('panel.no-such-key', 'No query returned the key {{key}}.', {
                  key: replacedVariable(options.key, replaceVariables),
                  ...UNESCAPED,
                })}
              >
                {t(
                  'panel.no-such-key-more',
                  'Choose another key, or a time range in which the key has data.',
                )}
              </Message>
            ))}
        </>
      )}
    </section>
  );
}

/**
 * Keeps the previous data while a refresh is loading or if it failed completely. Partial results would make keys look
 * unused.
 */
function useLastCompleteData(data: PanelData): PanelData {
  const [shown, setShown] = useState(data);
  const isLoading = data.state === LoadingState.Loading && shown.state !== LoadingState.Loading;
  const isEmptyHanded = data.series.length === 0 && data.state === LoadingState.Error;
  if (data === shown || isLoading || isEmptyHanded) return shown;
  setShown(data);
  return data;
}

/** Returns '' if the dashboard does not have the variable. */
function replacedVariable(text: string, replaceVariables: (text: string) => string): string {
  const value = replaceVariables(text);
  return value === text && /^\$\{?\w+\}?$/.test(text) ? '' : value;
}

/** Number of notices listed if there are no keys. */
const LISTED = 3;

function NoKeys({ problems, isLoading }: { problems: readonly Notice[]; isLoading: boolean }) {
  if (isLoading && problems.every(({ severity }) => severity !== 'error'))
    return <Message title={t('panel.loading', 'Loading keys …')} />;
  return (
    <Message title={t('panel.no-keys', 'No keys to show.')}>
      <p>
        {t(
          'panel.no-keys-more',
          'No query returned a key. Check that Prometheus scrapes the exporter, and that the dashboard variables do not exclude every key.',
        )}
      </p>
      {problems.length > 0 && (
        <ul>
          {problems.slice(0, LISTED).map(({ sentence }) => (
            <li key={sentence}>{sentence}</li>
          ))}
          {problems.length > LISTED && (
            <li>{t('panel.no-keys-rest', 'and {{count}} more', { count: problems.length - LISTED })}</li>
          )}
        </ul>
      )}
    </Message>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({
    position: 'relative',
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(1),
    overflow: 'hidden',
  }),
  asOf: css({
    flex: 'none',
    margin: 0,
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
});
