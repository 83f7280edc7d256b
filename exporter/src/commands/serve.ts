import type { Logger } from 'pino';
import { Answering } from '../api/answering.ts';
import type { ApiSettings } from '../api/thread-messages.ts';
import { reloadable } from '../config/load.ts';
import { type Coverage, coverageOf } from '../history/coverage.ts';
import type { IngestionThread, ThreadListener } from '../ingest/ingestion-thread.ts';
import { type KeyRegistry, registryOf } from '../keys/registry.ts';
import { Exposition } from '../metrics/exposition.ts';
import { Mirror } from '../metrics/mirror.ts';
import { SelfMetrics } from '../metrics/self-metrics.ts';
import type { ArchiveUpkeep } from '../record/archive-upkeep.ts';
import { SearchProcess } from '../record/searcher.ts';
import type { Sharing, SharingSettings } from '../shared/sharing.ts';
import { createWebServer } from '../web/server.ts';
import { fileModified, fileVersion, readSettings, type Settings, type SettingsInput } from './settings.ts';

/** How long a stop may go on reading before it commits; 5 s in all are promised. */
const DRAIN_MS = 2_000;
/** How long the last facts may take to be published; the rest is for the next start. */
const LAST_SHARING_MS = 1_000;
/** Polling also sees a keys file whose symlink or mount was replaced. */
const KEYS_POLL_MS = 1_000;

/** What an exporter is started with. */
export interface Start {
  settings: Settings;
  input: SettingsInput;
  logger: Logger;
  version: string;
  /** Started with the same settings. */
  thread: IngestionThread;
  /** Resolves when the exporter is asked to stop. */
  stop: Promise<unknown>;
}

/**
 * Runs the exporter until it is asked to stop. Resolves to the exit code: 0 after a clean stop, 1 when it could not
 * start or the ingestion thread failed; the reason is logged.
 */
export async function serve(start: Start): Promise<number> {
  const { settings, logger, thread } = start;
  const sharing = settings.sharing && (await sharingOf(settings, settings.sharing, logger));
  const exporter = new Exporter(start, sharing);
  try {
    await exporter.start();
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    await exporter.letGo(thread.stop(0));
    return 1;
  }
  void start.stop.then(() => exporter.stop());
  return exporter.ended;
}

/** The HTTP thread: what it mirrors, what it answers, and what it tells the ingestion thread. */
class Exporter {
  private settings: Settings;
  private registry: KeyRegistry;
  private readonly input: SettingsInput;
  private readonly logger: Logger;
  private readonly mirror = new Mirror();
  private readonly self: SelfMetrics;
  private readonly exposition: Exposition;
  private readonly web: ReturnType<typeof createWebServer>;
  private readonly answering: Answering;
  private apiSettings: ApiSettings;
  /** As it was started: sharing changes by a restart only. */
  private readonly coverage: Coverage;
  private readonly sharing: Sharing | undefined;
  private readonly thread: IngestionThread;
  private upkeep: ArchiveUpkeep | undefined;
  private readonly searcher = new SearchProcess();
  private ingesting = false;
  private keysPoll: NodeJS.Timeout | undefined;
  private end: (code: number) => void = () => {};
  readonly ended: Promise<number>;

  constructor({ settings, input, logger, version, thread }: Start, sharing: Sharing | undefined) {
    this.settings = settings;
    this.input = input;
    this.logger = logger;
    this.registry = registryOf(settings.ingestion);
    // Keys that are revoked at start were so at the latest when the file was last written.
    this.registry.noteRetirements(fileModified(settings.config.keys.file));
    this.thread = thread;
    this.sharing = sharing;
    this.mirror.shared = sharing;
    this.self = new SelfMetrics(this.mirror, version, () => this.sharing?.state);
    this.exposition = new Exposition(
      this.mirror,
      () => this.registry,
      (format) => this.self.text(format),
    );
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.coverage = coverageOf(settings.instance, settings.sharing !== undefined);
    this.apiSettings = apiSettingsOf(settings, this.coverage);
    this.answering = new Answering(
      () => this.apiSettings,
      (message) => logger.warn(message),
    );
    this.web = createWebServer({
      listenAddress: settings.config.web.listenAddress,
      web: settings.web,
      allowedHosts: settings.config.web.allowedHosts,
      mirror: this.mirror,
      exposition: this.exposition,
      scraped: (seconds: number, bytes: number) => this.self.scraped(seconds, bytes),
      registry: () => this.registry,
      ingesting: () => this.ingesting,
      archive: settings.ingestion.archive && {
        searcher: this.searcher,
        root: settings.ingestion.archive.path,
        storePath: settings.config.store.path,
        coverage: this.coverage,
      },
      api: { answers: this.answering, version },
      sharing: () => this.sharing?.state.state,
      sharedDays: this.sharing,
      coverage: this.coverage,
      onReload: () => this.reload('POST /-/reload'),
      logger,
      now: () => Date.now() / 1000,
    });
  }

  /** Resolves when HTTP is answered; rejects when the store or the address cannot be had. */
  async start(): Promise<void> {
    this.upkeep = await this.archiveUpkeep();
    await this.thread.listen(this.listener());
    this.ingesting = true;
    this.self.reloaded(true);
    const { url } = await this.web.listen();
    this.sharing?.start();
    process.stdout.write(`page: ${url}\nmetrics: ${url}metrics\n`);
    process.on('SIGHUP', () => void this.reload('SIGHUP'));
    this.watchKeysFile();
  }

  private listener(): ThreadListener {
    return {
      publication: (publication) => {
        for (const seconds of publication.status.commitSeconds) this.self.committed(seconds);
        this.mirror.apply(publication);
        this.sharing?.add(publication);
      },
      segments: (ready) => this.upkeep?.segments(ready),
      problem: ({ level, message, details }) => this.logger[level](details, message),
      failed: (message) => {
        this.logger.fatal(message);
        void this.letGo().then(() => this.end(1));
      },
    };
  }

  private async archiveUpkeep(): Promise<ArchiveUpkeep | undefined> {
    const { archive } = this.settings.ingestion;
    if (!archive) return undefined;
    const { ArchiveUpkeep } = await import('../record/archive-upkeep.ts');
    return new ArchiveUpkeep({
      root: archive.path,
      keys: () => this.registry.entries(),
      sealed: (segments) => this.thread.sealed(segments),
      report: (message) => this.logger.error(message),
      upkept: ({ problems, waiting }) => this.self.archived(problems, waiting),
    });
  }

  /** Drains, commits and lets `ended` resolve. */
  async stop(): Promise<void> {
    const thread = this.thread.stop(DRAIN_MS);
    await this.letGo(thread);
    if (!(await thread))
      this.logger.error('the last commit failed; its lines are read again at the next start');
    this.end(0);
  }

  /** Ends what keeps the process alive; the last facts are shared when the ingestion thread has ended. */
  async letGo(thread?: Promise<unknown>): Promise<void> {
    this.ingesting = false;
    this.searcher.stop();
    this.answering.close();
    clearInterval(this.keysPoll);
    await Promise.all([thread, this.web.close(), this.upkeep?.stop()]);
    await this.sharing?.stop(LAST_SHARING_MS);
  }

  /** Reads configuration and keys file again; a problem anywhere changes nothing. */
  private async reload(asked: string): Promise<{ ok: boolean; problems: string[] }> {
    const { settings, problems } = readSettings(this.input);
    if (!settings) return this.refuse(asked, problems);
    const web = await this.web.prepare(settings.web, settings.config.web.allowedHosts);
    if (web.problems.length > 0) return this.refuse(asked, web.problems);
    web.apply();
    const { config, needsRestart } = reloadable(this.settings.config, settings.config);
    for (const path of needsRestart) this.logger.warn(`${path} changed; it takes effect at the next start`);
    this.settings = { ...settings, config };
    const before = this.registry;
    this.registry = registryOf(settings.ingestion);
    this.registry.noteRetirements(Date.now() / 1000, before);
    this.apiSettings = apiSettingsOf(this.settings, this.coverage);
    this.logger.level = config.log.level;
    this.thread.reconfigure(settings.ingestion);
    this.self.reloaded(true);
    this.watchKeysFile();
    this.logger.info(`reloaded (${asked})`);
    return { ok: true, problems: [] };
  }

  private refuse(asked: string, problems: string[]): { ok: boolean; problems: string[] } {
    this.self.reloaded(false);
    for (const problem of problems) this.logger.error(`reload (${asked}): ${problem}`);
    return { ok: false, problems };
  }

  /** From the version that was read on: a change while the exporter was starting is one, too. */
  private watchKeysFile(): void {
    clearInterval(this.keysPoll);
    const { file } = this.settings.config.keys;
    if (file === '') return;
    let seen = this.settings.keysVersion;
    this.keysPoll = setInterval(() => {
      const version = fileVersion(file);
      if (version === seen) return;
      seen = version;
      void this.reload('keys file');
    }, KEYS_POLL_MS);
  }
}

/** Loaded only where it is asked for, as its client of Redis is large. */
async function sharingOf(settings: Settings, sharing: SharingSettings, logger: Logger): Promise<Sharing> {
  const [{ Sharing }, { openStoreForReading }] = await Promise.all([
    import('../shared/sharing.ts'),
    import('../store/sqlite.ts'),
  ]);
  return new Sharing(sharing, {
    openStore: () => openStoreForReading(settings.config.store.path),
    report: (level, message) => logger[level](message),
    clock: Date.now,
  });
}

const apiSettingsOf = ({ config, ingestion }: Settings, coverage: Coverage): ApiSettings => ({
  storePath: config.store.path,
  recordPath: config.record.path,
  keys: ingestion.keys,
  scopeRules: ingestion.scopeRules,
  coverage,
});
