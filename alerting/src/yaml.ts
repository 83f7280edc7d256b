import { Document, type Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Alert, Group, Recording, RuleFile } from './rule.ts';
import { runbook } from './templates.ts';

const HEADER = ' Written by `npm run rules` from alerting/src: change that.\n';
/** Width of comments and folded texts, characters. */
const WIDTH = 118;

/** The text of a rule file: each rule below the comment that says why it is so. */
export const yamlOf = (rules: RuleFile): string => new RuleFileWriter(rules.shared).text(rules);

class RuleFileWriter {
  private readonly document = new Document({});
  private readonly shared: RuleFile['shared'];
  /** Shared annotations that stand in the file already. Later alerts refer to them. */
  private readonly anchored = new Map<string, YAMLMap>();

  constructor(shared: RuleFile['shared']) {
    this.shared = shared;
  }

  text({ about, groups }: RuleFile): string {
    this.document.commentBefore = HEADER + commentOf(about);
    this.document.set('groups', list(groups.map((group) => this.group(group))));
    return this.document.toString({ lineWidth: WIDTH, minContentWidth: 0 });
  }

  private group({ name, interval, intervalWhy, rules }: Group): YAMLMap {
    const node = mapOf({ name, interval });
    comment(node, 'interval', intervalWhy);
    node.set('rules', list(rules.map((rule) => ('record' in rule ? recording(rule) : this.alert(rule)))));
    return node;
  }

  private alert(rule: Alert): YAMLMap {
    const { alert, why, expr, for: wait, forWhy, keepFiringFor, keepFiringWhy, labels } = rule;
    const node = mapOf({ alert, expr: block(expr), for: wait, keep_firing_for: keepFiringFor });
    if (why) node.commentBefore = commentOf(why);
    comment(node, 'for', forWhy);
    comment(node, 'keep_firing_for', keepFiringWhy);
    node.set('labels', inline(labels));
    node.set('annotations', this.annotations(rule));
    return node;
  }

  private annotations({ alert, shared, annotations }: Alert): YAMLMap {
    const node = new YAMLMap();
    node.set('<<', this.sharedAnnotations(shared));
    for (const [name, text] of Object.entries({ ...annotations, runbook_url: runbook(alert) }))
      node.set(name, folded(text as string));
    return node;
  }

  private sharedAnnotations(name: string) {
    const before = this.anchored.get(name);
    if (before) return this.document.createAlias(before, name);
    const texts = Object.entries(this.shared[name]).map(([key, text]) => [key, folded(text)]);
    const node = mapOf(Object.fromEntries(texts));
    node.anchor = name;
    this.anchored.set(name, node);
    return node;
  }
}

function recording({ record, why, labels, expr }: Recording): YAMLMap {
  const node = mapOf({ record, labels: labels && inline(labels), expr: block(expr) });
  if (why) node.commentBefore = commentOf(why);
  return node;
}

/** A map of the values that are defined. */
function mapOf(values: Record<string, unknown>): YAMLMap {
  const node = new YAMLMap();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) node.set(new Scalar(name), value);
  return node;
}

/** A list with an empty line between its items. */
function list(items: YAMLMap[]): YAMLSeq {
  const node = new YAMLSeq();
  for (const item of items) {
    item.spaceBefore = node.items.length > 0;
    node.add(item);
  }
  return node;
}

function inline(labels: Record<string, string>): YAMLMap {
  const node = mapOf(labels);
  node.flow = true;
  return node;
}

/** An expression of several lines stands as it was written. */
function block(expr: string): Scalar {
  if (!expr.includes('\n')) return new Scalar(expr);
  const scalar = new Scalar(`${expr}\n`);
  scalar.type = Scalar.BLOCK_LITERAL;
  return scalar;
}

/** Folded where it is long: a line break in the file is a space in the text. */
function folded(text: string): Scalar {
  const scalar = new Scalar(text);
  const quoted = text.includes('"') ? Scalar.QUOTE_SINGLE : Scalar.QUOTE_DOUBLE;
  scalar.type = text.length > 90 ? Scalar.BLOCK_FOLDED : quoted;
  return scalar;
}

function comment(node: YAMLMap, name: string, text: string | undefined): void {
  if (text === undefined) return;
  const pair = node.items.find(({ key }) => key instanceof Scalar && key.value === name) as Pair<Scalar>;
  pair.key.commentBefore = commentOf(text);
}

/** Comment lines. An empty line separates paragraphs. */
function commentOf(text: string): string {
  const paragraphs = text.trim().split(/\n\s*\n/);
  return paragraphs.map((paragraph) => wrapped(paragraph.trim().split(/\s+/))).join('\n \n');
}

function wrapped(words: string[]): string {
  const lines = [''];
  for (const word of words) {
    if (lines[lines.length - 1].length + word.length > WIDTH - 10) lines.push('');
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.join('\n');
}
