/**
 * A page that loads the built plugin like Grafana: through SystemJS with shared modules, rendered with public exports.
 * Bundled once per version of Grafana.
 */
import 'systemjs';
import 'systemjs/dist/extras/amd.js';
import 'systemjs/dist/extras/named-register.js';
import * as emotion from '@emotion/css';
import * as grafanaData from '@grafana/data';
import {
  createTheme,
  EventBusSrv,
  type FieldConfigSource,
  type GrafanaTheme2,
  getPanelOptionsWithDefaults,
  LoadingState,
  type PanelData,
  type PanelPlugin,
  PluginContextProvider,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  ThemeContext,
  toDataFrame,
  useFieldOverrides,
} from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import { setTemplateSrv } from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import { ErrorBoundaryAlert, GlobalStyles, PanelChrome, PortalContainer } from '@grafana/ui';
import i18next from 'i18next';
import React, { useMemo } from 'react';
import * as reactDom from 'react-dom';
import { createRoot } from 'react-dom/client';
import type { Scene } from './scene.ts';

// Its properties differ between versions. None is needed.
const Styles = GlobalStyles as React.ComponentType;

const PLUGIN = 'atender-keyusage-panel';

const shared: Record<string, unknown> = {
  react: React,
  'react-dom': reactDom,
  i18next,
  '@emotion/css': emotion,
  '@grafana/data': grafanaData,
  '@grafana/runtime': grafanaRuntime,
  '@grafana/ui': grafanaUi,
};

declare const System: {
  set(id: string, module: unknown): void;
  import(id: string): Promise<{ default?: unknown; plugin?: PanelPlugin }>;
  addImportMap(map: { imports: Record<string, string> }): void;
};

function shareModules(): void {
  const imports: Record<string, string> = {};
  for (const [name, module] of Object.entries(shared)) {
    System.set(`package:${name}`, { ...(module as object), default: module, __useDefault: false });
    imports[name] = `package:${name}`;
  }
  System.addImportMap({ imports });
}

/** Fills the registries that options and field config need. */
function fillRegistries(): void {
  const nothing = () => null;
  const editors = [
    ...[
      'text',
      'number',
      'slider',
      'boolean',
      'radio',
      'select',
      'unit',
      'multi-select',
      'color',
      'fieldColor',
    ],
    ...['links', 'actions', 'mappings', 'thresholds', 'stats-picker', 'strings', 'timezone', 'field-name'],
    ...['dashboard-uid', 'variable'],
  ];
  standardEditorsRegistry.setInit(() => editors.map((id) => ({ id, name: id, editor: nothing })));
  const properties = [
    ...[
      'displayName',
      'unit',
      'min',
      'max',
      'fieldMinMax',
      'decimals',
      'color',
      'noValue',
      'links',
      'actions',
    ],
    ...['mappings', 'thresholds', 'filterable'],
  ];
  standardFieldConfigEditorRegistry.setInit(() =>
    properties.map((id) => ({
      id,
      path: id,
      name: id,
      editor: nothing,
      override: nothing,
      process: (value: unknown) => value,
      shouldApply: () => true,
      settings: {},
    })),
  );
}

/** Replaces the variables of the scene and the time range macro. */
function replaceIn(scene: Scene) {
  return (text: string, scoped: Record<string, { value?: unknown }> = {}): string =>
    text.replace(/\$\{([^}:]+)(?::([^}]+))?\}|\$(\w+)/g, (all, braced, format, plain) => {
      const value = variableOf(braced ?? plain, scene, scoped);
      if (value === undefined) return all;
      return format === 'percentencode' ? encodeURIComponent(value) : value;
    });
}

function variableOf(
  name: string,
  scene: Scene,
  scoped: Record<string, { value?: unknown }>,
): string | undefined {
  if (name === '__url_time_range') return `from=${scene.from}&to=${scene.to}`;
  const field = /^__data\.fields\.(\w+)$/.exec(name)?.[1];
  if (field === undefined) return scene.variables?.[name];
  const { frame, rowIndex } = (scoped.__dataContext?.value ?? {}) as {
    frame?: grafanaData.DataFrame;
    rowIndex?: number;
  };
  const value: unknown = frame?.fields.find((one) => one.name === field)?.values[rowIndex ?? 0];
  return value === undefined ? undefined : String(value);
}

function dataOf(scene: Scene): PanelData {
  const range = { from: grafanaData.dateTime(scene.from), to: grafanaData.dateTime(scene.to) };
  return {
    state: (scene.state as LoadingState | undefined) ?? LoadingState.Done,
    series: scene.frames.map((frame) => toDataFrame(frame)),
    timeRange: { ...range, raw: range },
    ...(scene.errors && { errors: scene.errors }),
    ...(scene.refIds && {
      request: {
        targets: scene.refIds.map((refId) => ({ refId })),
        startTime: scene.asked ?? scene.to,
      } as PanelData['request'],
    }),
  } as PanelData;
}

function Panel({ plugin, scene, theme }: { plugin: PanelPlugin; scene: Scene; theme: GrafanaTheme2 }) {
  const data = useMemo(() => dataOf(scene), [scene]);
  const replaceVariables = useMemo(() => replaceIn(scene), [scene]);
  const timeZone = scene.timeZone ?? 'utc';
  const { options, fieldConfig } = useMemo(
    () =>
      getPanelOptionsWithDefaults({
        plugin,
        currentOptions: plugin.onPanelMigration
          ? (plugin.onPanelMigration({ options: scene.options ?? {} } as never) as never)
          : (scene.options ?? {}),
        currentFieldConfig: (scene.fieldConfig as FieldConfigSource) ?? { defaults: {}, overrides: [] },
        isAfterPluginChange: false,
      }),
    [plugin, scene],
  );
  const shown = useFieldOverrides(plugin, fieldConfig, data, timeZone, theme, replaceVariables as never);
  const Component = plugin.panel as React.ComponentType<grafanaData.PanelProps>;
  return (
    <PanelChrome title={scene.title ?? 'API keys'} width={scene.width} height={scene.height}>
      {(width, height) => (
        <ErrorBoundaryAlert dependencies={[shown]}>
          <PluginContextProvider meta={plugin.meta}>
            <Component
              id={1}
              title=""
              data={shown as PanelData}
              timeRange={data.timeRange}
              timeZone={timeZone}
              options={options}
              fieldConfig={fieldConfig as FieldConfigSource}
              transparent={false}
              width={width}
              height={height}
              renderCounter={0}
              replaceVariables={replaceVariables as never}
              onOptionsChange={() => {}}
              onFieldConfigChange={() => {}}
              onChangeTimeRange={() => {}}
              eventBus={new EventBusSrv()}
            />
          </PluginContextProvider>
        </ErrorBoundaryAlert>
      )}
    </PanelChrome>
  );
}

function Page({ plugin, scene }: { plugin: PanelPlugin; scene: Scene }) {
  const theme = useMemo(() => createTheme({ colors: { mode: scene.mode ?? 'dark' } }), [scene.mode]);
  return (
    <ThemeContext.Provider value={theme}>
      <Styles />
      <main
        style={{ padding: 8, background: theme.colors.background.canvas, minHeight: '100vh' }}
        dir={scene.direction ?? 'ltr'}
      >
        <Panel plugin={plugin} scene={scene} theme={theme} />
      </main>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

async function start(): Promise<void> {
  await i18next.init({ lng: 'en-US', resources: {}, returnEmptyString: false });
  fillRegistries();
  shareModules();
  const loaded = await System.import(`/public/plugins/${PLUGIN}/module.js`);
  // A module with top-level await exports a promise. The loader of Grafana resolves it the same way.
  const module = ((await loaded.default) ?? loaded) as { plugin: PanelPlugin };
  const plugin = module.plugin;
  plugin.meta = { id: PLUGIN, name: PLUGIN, type: 'panel', info: {}, module: '', baseUrl: '' } as never;
  const root = createRoot(document.getElementById('root') as HTMLElement);
  (window as unknown as { show: (scene: Scene) => void }).show = (scene) => {
    setTemplateSrv({
      getVariables: () => [],
      replace: replaceIn(scene) as never,
      containsTemplate: () => false,
      updateTimeRange: () => {},
    });
    reactDom.flushSync(() => root.render(<Page plugin={plugin} scene={scene} />));
  };
  (window as unknown as { plugin: PanelPlugin }).plugin = plugin;
  document.body.dataset.ready = 'true';
}

start().catch((error) => {
  document.body.dataset.ready = 'failed';
  console.error(error);
});
