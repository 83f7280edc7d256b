import { DataFrameType, dateTime, FieldType, toDataFrame } from '@grafana/data';
import { queryResultsOf } from '../../src/frames/query-results.ts';
import { keyListOf } from '../../src/keys/key-list.ts';
import { keyFrames, keyOf, listOf, NOW, panelData, series, stateOfKey, table } from './frames.ts';

const LAST_USED = 'atender_key_last_used_timestamp_seconds';

describe('the state of a key', () => {
  test.each([
    ['healthy above 99 % 2xx', { 200: 199, 404: 1 }, 'healthy'],
    ['degraded at 99 % or less', { 200: 99, 404: 1 }, 'degraded'],
    ['throttled at 5 % 429', { 200: 95, 429: 5 }, 'throttled'],
    ['not throttled below 5 % 429', { 200: 951, 429: 49 }, 'degraded'],
    ['failing above 1 % 5xx', { 200: 190, 500: 5, 503: 5 }, 'failing'],
    ['unauthorised from five 401 on', { 200: 100, 401: 5 }, 'unauthorized'],
    ['forbidden from five 403 on', { 200: 100, 403: 5 }, 'forbidden'],
  ])('is %s', (_, statuses, state) => {
    const list = listOf(keyFrames([{ id: 'k', statuses }]));
    expect(stateOfKey(list, 'k')).toBe(state);
  });

  test('is silent if a real-time key was last used longer ago than its threshold', () => {
    const frames = keyFrames([
      { id: 'k', facts: [{ __name__: LAST_USED, value: NOW - 3000 }], statuses: { 200: 0 } },
    ]);
    expect(stateOfKey(listOf(frames), 'k')).toBe('idle');
    const own = table('thresholds', [
      { tenant_id: 'acme', key_id: 'k', kind: 'silence_seconds', value: 1800 },
    ]);
    expect(stateOfKey(listOf([...frames, own]), 'k')).toBe('silent');
  });

  test('is stale after 30 days without use, never used without a last use', () => {
    const at = (value: number) => [{ __name__: LAST_USED, value }];
    const list = listOf(
      keyFrames([
        { id: 'old', facts: at(NOW - 31 * 86_400), statuses: { 200: 0 } },
        {
          id: 'fresh',
          facts: [{ __name__: 'atender_key_created_timestamp_seconds', value: NOW - 100 }],
          statuses: { 200: 0 },
        },
      ]),
    );
    expect(stateOfKey(list, 'old')).toBe('stale');
    expect(stateOfKey(list, 'fresh')).toBe('never_used');
  });

  test('is revoked but used if a revoked key gets a response other than 401', () => {
    const list = listOf(keyFrames([{ id: 'k', info: { state: 'revoked' } }]));
    expect(stateOfKey(list, 'k')).toBe('revoked_used');
    const revokedFor = (seconds: number) => [
      { __name__: LAST_USED, value: NOW - 600 },
      { __name__: 'tenant_key:atender_key_retired_timestamp_seconds:min1d', value: NOW - seconds },
    ];
    const [before, after] = [300, 900].map((seconds) =>
      listOf(
        keyFrames([
          { id: 'k', info: { state: 'revoked' }, facts: revokedFor(seconds), statuses: { 200: 0 } },
        ]),
      ),
    );
    expect([before, after].map((one) => one && stateOfKey(one, 'k'))).toEqual(['disabled', 'revoked_used']);
  });

  test('is blind rather than silent while an exporter is blind', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'pipeline');
    expect(stateOfKey(listOf([...frames, table('pipeline', [{ value: 1 }])]), 'k')).toBe('blind');
  });

  test('is blind if any exporter is blind', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'pipeline');
    const blind = table('pipeline', [
      { instance: 'host-0', value: 0 },
      { instance: 'host-1', value: 1 },
    ]);
    expect(stateOfKey(listOf([...frames, blind]), 'k')).toBe('blind');
  });

  test('is blind only for keys of the blind exporter', () => {
    const frames = keyFrames([{ id: 'k' }, { id: 'other' }, { id: 'k', tenant: 'globex' }]);
    const blind = table('pipeline', [
      { tenant_id: 'acme', key_id: 'k', value: 1 },
      { tenant_id: '', key_id: '', value: 0 },
    ]);
    const list = listOf([...frames.filter(({ refId }) => refId !== 'pipeline'), blind]);
    expect(list.keys.map(({ id, tenant, health }) => [tenant, id, health.state])).toEqual([
      ['acme', 'k', 'blind'],
      ['acme', 'other', 'healthy'],
      ['globex', 'k', 'healthy'],
    ]);
    expect(list.blind).toBe(1);
  });

  test('is blind if no exporter is scraped', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'pipeline');
    const request = { targets: [{ refId: 'pipeline' }] } as never;
    expect(stateOfKey(listOf(frames, { request }), 'k')).toBe('blind');
  });

  test('is unknown if the time range ends in the future', () => {
    const past = [series('volume', { tenant_id: 'acme', key_id: 'k' }, [1, 2, 3])];
    const today = { from: dateTime((NOW - 43_200) * 1000), to: dateTime((NOW + 43_199) * 1000) };
    const roles = ['info', 'facts', 'status30m', 'pipeline', 'volume'];
    const list = listOf(past, {
      timeRange: { ...today, raw: today },
      request: { startTime: NOW * 1000, targets: roles.map((refId) => ({ refId })) } as never,
    });
    expect(stateOfKey(list, 'k')).toBe('unknown');
    expect(keyOf(list, 'k')?.staleFor).toBe(0);
    expect(list.now).toBe(NOW);
  });

  test('is that of the evaluation time, independent of the time range', () => {
    const asOf = (at: number) => [...keyFrames([{ id: 'k' }]), table('asOf', [{ value: at }])];
    const range = (from: number, to: number) => ({ from: dateTime(from * 1000), to: dateTime(to * 1000) });
    const shown = (ends: number, at: number) => {
      const timeRange = range(ends - 86_400, ends);
      const request = { startTime: NOW * 1000, targets: [] } as never;
      return listOf(asOf(at), { timeRange: { ...timeRange, raw: timeRange }, request });
    };
    const zoomedOut = shown(NOW + 43_200, NOW - 10);
    expect(stateOfKey(zoomedOut, 'k')).toBe('healthy');
    expect(zoomedOut.now).toBe(NOW - 10);
    expect(shown(NOW - 7200, NOW - 7200).now).toBe(NOW - 7200);
    expect(shown(NOW, NOW - 7200).now).toBe(NOW - 7200);
  });

  test('is rotating for both keys of a rotation, and the reason names the other key', () => {
    const list = listOf(keyFrames([{ id: 'old' }, { id: 'new', info: { replaces: 'old' } }]));
    expect(stateOfKey(list, 'old')).toBe('rotating');
    expect(stateOfKey(list, 'new')).toBe('rotating');
    expect(keyOf(list, 'old')?.health.reason).toContain('Name of new');
  });

  test('is unknown rather than healthy if the deciding query is missing', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => !refId?.startsWith('status'));
    expect(stateOfKey(listOf(frames), 'k')).toBe('unknown');
  });

  test.each(['', '5xx', 'NaN'])('is unknown rather than healthy if the status label is %j', (status) => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'status30m');
    const row = { tenant_id: 'acme', key_id: 'k', status, value: 100 };
    expect(stateOfKey(listOf([...frames, table('status30m', [row])]), 'k')).toBe('unknown');
  });

  test('detects spikes and dips from the recorded rates', () => {
    const rates = (recent: number) => [
      ...['recentRate', 'dayRate', 'expectedRate'].map((role) =>
        table(role, [{ tenant_id: 'acme', key_id: 'k', value: role === 'recentRate' ? recent : 0.1 }]),
      ),
    ];
    expect(keyOf(listOf([...keyFrames([{ id: 'k' }]), ...rates(0.31)]), 'k')?.anomaly).toBe('spike');
    expect(keyOf(listOf([...keyFrames([{ id: 'k' }]), ...rates(0.02)]), 'k')?.anomaly).toBe('dip');
    expect(keyOf(listOf([...keyFrames([{ id: 'k' }]), ...rates(0.1)]), 'k')?.anomaly).toBeUndefined();
  });

  test('is not forbidden if an earlier hour had as many 403 responses', () => {
    const frames = keyFrames([{ id: 'k', statuses: { 200: 5000, 403: 6 } }]);
    const history = (value: number) => table('forbiddenHistory', [{ tenant_id: 'acme', key_id: 'k', value }]);
    expect(stateOfKey(listOf([...frames, history(6)]), 'k')).toBe('healthy');
    expect(stateOfKey(listOf([...frames, history(4)]), 'k')).toBe('forbidden');
  });
});

describe('thresholds', () => {
  const check = (frames: Parameters<typeof listOf>[0]) =>
    keyOf(listOf(frames), 'k')?.health.checks.find(({ name }) => name === 'throttled');
  const effective = table('thresholds', [
    { tenant_id: 'acme', key_id: 'k', kind: 'throttled_ratio', value: 0.1 },
  ]);

  test('come from the recorded thresholds', () => {
    expect(check([...keyFrames([{ id: 'k' }]), effective])?.threshold).toBe(0.1);
  });

  test('come from the keys file if nothing is recorded', () => {
    const own = table('overrides', [{ tenant_id: 'acme', key_id: 'k', kind: 'throttled_ratio', value: 0.2 }]);
    expect(check([...keyFrames([{ id: 'k' }]), own])).toMatchObject({ threshold: 0.2, origin: 'key' });
  });

  test('have the key as origin only if the keys file sets them', () => {
    const none = table('overrides', []);
    const own = table('overrides', [{ tenant_id: 'acme', key_id: 'k', kind: 'throttled_ratio', value: 0.1 }]);
    expect(check([...keyFrames([{ id: 'k' }]), effective, none])?.origin).toBe('default');
    expect(check([...keyFrames([{ id: 'k' }]), effective, own])?.origin).toBe('key');
  });
});

describe('joining', () => {
  test('separates keys with the same id by tenant', () => {
    const list = listOf(
      keyFrames([
        { id: 'k', tenant: 'a', statuses: { 500: 100 } },
        { id: 'k', tenant: 'b' },
      ]),
    );
    expect(list.keys.map(({ tenant, health }) => [tenant, health.state])).toEqual([
      ['a', 'failing'],
      ['b', 'healthy'],
    ]);
    expect(new Set(list.keys.map(({ handle }) => handle)).size).toBe(2);
  });

  test('does not merge keys whose tenant and id concatenate to the same text', () => {
    const list = listOf(
      keyFrames([
        { id: 'c', tenant: 'a","b' },
        { id: 'b","c', tenant: 'a' },
      ]),
    );
    expect(new Set(list.keys.map(({ handle }) => handle)).size).toBe(2);
  });

  test('leaves out requests without a key and keys over the limit', () => {
    const list = listOf(keyFrames([{ id: 'k' }, { id: '__none__' }, { id: '__other__' }]));
    expect(list.keys.map(({ id }) => id)).toEqual(['k']);
  });

  test('reads the last value of time series', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'status30m');
    const labels = { tenant_id: 'acme', key_id: 'k' };
    const list = listOf([
      ...frames,
      series('status30m', { ...labels, status: '200' }, [1, 50, 50]),
      series('status30m', { ...labels, status: '500' }, [1, 9, 50]),
    ]);
    expect(keyOf(list, 'k')?.signals.thirtyMinutes).toMatchObject({ requests: 100, serverErrors: 50 });
  });

  test('ignores a series that ended before the others', () => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'status30m');
    const labels = { tenant_id: 'acme', key_id: 'k' };
    const list = listOf([
      ...frames,
      series('status30m', { ...labels, status: '200' }, [50, 50, 50, 50]),
      // Last value ten minutes ago.
      series('status30m', { ...labels, status: '500' }, [40, 40, Number.NaN, Number.NaN]),
      series('status30m', { ...labels, status: '429' }, [5, 5, 5, Number.NaN]),
    ]);
    expect(keyOf(list, 'k')?.signals.thirtyMinutes).toMatchObject({ requests: 55, serverErrors: 0 });
  });

  test.each([
    ['NaN', Number.NaN],
    ['null', null],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('treats a key as unknown if every count is %s, and ignores single ones', (_, value) => {
    const statuses = keyFrames([{ id: 'k' }, { id: 'other', statuses: { 200: 60, 500: 40 } }]).map((frame) =>
      frame.refId?.startsWith('status')
        ? {
            ...frame,
            fields: frame.fields.map((field) => ({
              ...field,
              values: /^Value/.test(field.name)
                ? field.values.map((n, row) => (row === 0 || row === 2 ? value : n))
                : field.values,
            })),
          }
        : frame,
    );
    const list = listOf(statuses);
    expect(stateOfKey(list, 'k')).toBe('unknown');
    expect(keyOf(list, 'k')?.requests).toBeNaN();
    expect(keyOf(list, 'other')?.requests).toBe(60);
  });

  test('uses the latest of several rows of a series', () => {
    const frame = toDataFrame({
      refId: 'status30m',
      meta: { type: DataFrameType.TimeSeriesLong },
      fields: [
        { name: 'Time', type: FieldType.time, values: [3, 1, 2] },
        { name: 'tenant_id', type: FieldType.string, values: ['acme', 'acme', 'acme'] },
        { name: 'key_id', type: FieldType.string, values: ['k', 'k', 'k'] },
        { name: 'status', type: FieldType.string, values: ['200', '200', '200'] },
        { name: 'Value', type: FieldType.number, values: [30, 10, 20] },
      ],
    });
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'status30m');
    expect(keyOf(listOf([...frames, frame]), 'k')?.signals.thirtyMinutes.requests).toBe(30);
  });

  const without = (frames: ReturnType<typeof keyFrames>, ...roles: string[]) =>
    frames.filter(({ refId }) => !roles.includes(refId ?? ''));

  test('joins a table without tenants to the only tenant with the key', () => {
    const statuses = table('status30m', [{ key_id: 'k', status: '500', value: 100 }]);
    const list = listOf([statuses, ...without(keyFrames([{ id: 'k' }]), 'status30m')]);
    expect(list.keys.map(({ tenant, id }) => [tenant, id])).toEqual([['acme', 'k']]);
    expect(list.keys[0]?.signals.thirtyMinutes.serverErrors).toBe(100);
  });

  test('joins a time series without tenants to the only tenant with the key', () => {
    const list = listOf([series('volume', { key_id: 'k' }, [1, 2]), ...keyFrames([{ id: 'k' }])]);
    expect(list.keys.map(({ tenant, trend }) => [tenant, trend?.values])).toEqual([['acme', [1, 2]]]);
  });

  test('shows keys without a tenant', () => {
    const frames = keyFrames([{ id: 'k' }]).map((frame) => ({
      ...frame,
      fields: frame.fields.filter(({ name }) => name !== 'tenant_id'),
    }));
    expect(listOf(frames).keys.map(({ tenant, health }) => [tenant, health.state])).toEqual([
      ['', 'healthy'],
    ]);
  });

  test('adds the requests of several exporters and uses the latest use', () => {
    const by = (instance: string, more: Record<string, string | number>) => ({
      tenant_id: 'acme',
      key_id: 'k',
      instance,
      ...more,
    });
    const used = (instance: string, ago: number) => by(instance, { __name__: LAST_USED, value: NOW - ago });
    const both = (role: string, ...values: [number, number]) =>
      table(
        role,
        values.map((value, i) => by(`host-${i}`, { value })),
      );
    const list = listOf([
      ...without(keyFrames([{ id: 'k' }]), 'facts'),
      table('facts', [used('host-0', 5), used('host-1', 9000)]),
      both('recentRate', 0.2, 0.1),
      both('lastWeek', 0.1, 0.1),
      series('volume', { tenant_id: 'acme', key_id: 'k', instance: 'host-0' }, [1, 2]),
      series('volume', { tenant_id: 'acme', key_id: 'k', instance: 'host-1' }, [10, Number.NaN]),
      table('addresses', [
        by('host-0', { ip: '192.0.2.0/24', value: 1 }),
        by('host-1', { ip: '192.0.2.0/24', value: 1 }),
      ]),
    ]);
    const key = keyOf(list, 'k');
    expect(key?.lastUsed).toBe(NOW - 5);
    expect(key?.change).toBeCloseTo(0.5);
    expect(key?.trend?.values).toEqual([11, 2]);
    expect(key?.data.addresses).toEqual(['192.0.2.0/24']);
  });

  test('does not show a key as unused if the facts query returned no data', () => {
    const list = listOf([...without(keyFrames([{ id: 'k' }]), 'facts'), table('facts', [])]);
    expect(keyOf(list, 'k')?.lastUsed).toBeNaN();
    expect(stateOfKey(list, 'k')).toBe('healthy');
  });

  test('shows the keys that one query selects, with states from all results', () => {
    const frames = keyFrames([{ id: 'k' }, { id: 'k', tenant: 'b' }, { id: 'old' }, { id: 'l' }]);
    const replacing = table('info', [
      { tenant_id: 'acme', key_id: 'k', replaces: 'old', state: 'active', value: 1 },
    ]);
    const named = (...rows: Parameters<typeof table>[1]) =>
      listOf([...frames, replacing, table('keys', rows)]).keys.map(({ tenant, id }) => `${tenant} ${id}`);
    expect(named({ tenant_id: 'acme', key_id: 'k', value: 1 })).toEqual(['acme k']);
    expect(named({ key_id: 'k', value: 1 })).toEqual(['acme k', 'b k']);
    expect(named()).toEqual([]);
    const list = listOf([
      ...frames,
      replacing,
      table('keys', [{ tenant_id: 'acme', key_id: 'k', value: 1 }]),
    ]);
    expect(stateOfKey(list, 'k')).toBe('rotating');
  });

  test('shows every key if the query that selects keys failed', () => {
    const list = listOf(keyFrames([{ id: 'k' }]), {
      errors: [{ refId: 'keys', message: 'timed out' }],
      request: { targets: [{ refId: 'keys' }] } as never,
    });
    expect(list.keys.map(({ id }) => id)).toEqual(['k']);
  });

  test('assigns a role to a refId from the options', () => {
    const frames = keyFrames([{ id: 'k' }]).map((frame) =>
      frame.refId === 'info' ? { ...frame, refId: 'A' } : frame,
    );
    expect(keyListOf(queryResultsOf(panelData(frames), {})).keys[0]?.owner).toBe('');
    expect(keyListOf(queryResultsOf(panelData(frames), { info: 'A' })).keys[0]?.owner).toBe('team');
  });
});

describe('missing results', () => {
  const without = (role: string) =>
    keyFrames([{ id: 'k', info: { state: 'revoked' } }]).filter(({ refId }) => refId !== role);
  const resultOf = (list: ReturnType<typeof listOf>, check: string) =>
    keyOf(list, 'k')?.health.checks.find(({ name }) => name === check)?.result;

  test('leave it unknown whether a key is registered or revoked', () => {
    const list = listOf(without('info'));
    for (const check of ['revoked_used', 'silence']) expect(resultOf(list, check)).toBe('unknown');
    const asked = listOf([...without('info'), table('info', [])]);
    for (const check of ['revoked_used', 'silence']) expect(resultOf(asked, check)).toBe('not_applicable');
  });

  test('do not make keys never used if no key has facts but some have requests', () => {
    const others = [
      { id: 'k', statuses: { 200: 0 } },
      { id: 'busy', statuses: { 200: 100 } },
    ];
    const frames = keyFrames(others).filter(({ refId }) => refId !== 'facts');
    const list = listOf([...frames, table('facts', [])]);
    expect(keyOf(list, 'k')?.lastUsed).toBeNaN();
    expect(stateOfKey(list, 'k')).toBe('unknown');
  });
});

test('if two keys replace one, the one last used is the successor', () => {
  const used = (at: number) => [{ __name__: LAST_USED, value: at }];
  for (const [first, second] of [
    [0, NOW - 60],
    [NOW - 60, 0],
  ] as const) {
    const list = listOf(
      keyFrames([
        { id: 'old', facts: used(NOW - 5 * 3600), statuses: { 200: 0 } },
        { id: 'first', facts: used(first), info: { replaces: 'old' } },
        { id: 'second', facts: used(second), info: { replaces: 'old' } },
      ]),
    );
    expect(stateOfKey(list, 'old')).toBe('rotating');
  }
});

describe('results of several exporters for one key', () => {
  const rows = [
    {
      tenant_id: 'acme',
      key_id: 'k',
      name: 'A',
      state: 'revoked',
      realtime: 'false',
      replaces: '',
      value: 1,
    },
    {
      tenant_id: 'acme',
      key_id: 'k',
      name: 'A',
      state: 'active',
      realtime: 'true',
      replaces: 'old',
      value: 1,
    },
  ];
  test.each([
    ['first', rows],
    ['last', [...rows].reverse()],
  ])('the key is revoked if one exporter says so, in the %s row', (_, info) => {
    const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'info');
    const list = listOf([...frames, table('info', info)]);
    expect(stateOfKey(list, 'k')).toBe('revoked_used');
    expect(keyOf(list, 'k')?.data.info).toMatchObject({ realtime: true, replaces: 'old' });
  });

  test('the highest threshold counts, as in the rules', () => {
    const own = (value: number) => ({ tenant_id: 'acme', key_id: 'k', kind: 'stale_seconds', value });
    for (const values of [
      [7, 5],
      [5, 7],
    ]) {
      const list = listOf([...keyFrames([{ id: 'k' }]), table('thresholds', values.map(own))]);
      expect(keyOf(list, 'k')?.signals.thresholds.stale_seconds.value).toBe(7);
    }
  });
});

describe('numbers', () => {
  test('compare the last hour with the same hour a week ago', () => {
    const rate = (role: string, value: number) => table(role, [{ tenant_id: 'acme', key_id: 'k', value }]);
    const list = listOf([...keyFrames([{ id: 'k' }]), rate('recentRate', 0.12), rate('lastWeek', 0.1)]);
    expect(keyOf(list, 'k')?.change).toBeCloseTo(0.2);
  });

  test('mark a key without current samples', () => {
    const list = listOf([
      ...keyFrames([{ id: 'k' }]),
      series('volume', { tenant_id: 'acme', key_id: 'gone' }, [1, 1, Number.NaN, Number.NaN]),
    ]);
    expect(keyOf(list, 'gone')?.staleFor).toBe(600);
    expect(keyOf(list, 'k')?.staleFor).toBe(0);
  });
});
