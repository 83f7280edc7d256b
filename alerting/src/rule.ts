/** A rule that records a series. `expr` is PromQL; `why` becomes the comment above the rule. */
export interface Recording {
  record: string;
  why?: string;
  labels?: Record<string, string>;
  expr: string;
}

/** A rule that alerts. Annotations that all alerts of its file share come from `shared`. */
export interface Alert {
  alert: string;
  why?: string;
  expr: string;
  for?: string;
  forWhy?: string;
  keepFiringFor?: string;
  keepFiringWhy?: string;
  labels: { severity: 'page' | 'ticket' | 'info'; category: string } & Record<string, string>;
  /** Name of the shared annotations, a key of the file's `shared`. */
  shared: string;
  annotations: Annotations;
}

/** Texts of one alert. The writer adds `runbook_url`, which follows from the alert's name. */
export type Annotations = Record<'summary' | 'description' | 'value' | 'threshold', string> &
  Partial<Record<string, string>>;

export type Rule = Recording | Alert;

export interface Group {
  name: string;
  interval?: string;
  intervalWhy?: string;
  rules: Rule[];
}

/** One file of alerting/rules: what it is about, the annotations its alerts share, its groups. */
export interface RuleFile {
  file: string;
  about: string;
  shared: Record<string, Record<string, string>>;
  groups: Group[];
}
