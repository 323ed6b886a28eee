import type { Adapter } from '../adapters/adapter.js';
import type { Relation } from '../compile/relation.js';
import { type NodeResult, type NodeStatus, type ProjectNode, resultWithoutRun } from '../model.js';
import type { Project } from '../project.js';
import { runDependencies } from './dependencies.js';
import { type HookKind, hooksOf } from './hook-order.js';
import { type RunNodeOptions, runNode } from './run-node.js';
import { TestBatches } from './test-batches.js';

export interface RunProjectOptions {
  adapter: Adapter;
  /** Unique ids, as `project.select` gives them; hooks of the project are run besides. */
  ids: string[];
  threads: number;
  fullRefresh?: boolean | undefined;
  /** Stop at the first failure: what has not begun is skipped. */
  failFast?: boolean | undefined;
  /** Tests hold back what is downstream of what they test: `build`. Without it only dependencies count: `run`, `test`. */
  testEdges?: boolean | undefined;
  /** on-run-start and on-run-end of the project and its packages. */
  hooks?: boolean | undefined;
  deferred?: Map<string, Relation> | undefined;
  /** Tests of one model in one scan, where the results are the same. */
  batchTests?: boolean | undefined;
  /** The interval that microbatch models build, as ISO times. */
  eventTime?: { start?: string | undefined; end?: string | undefined } | undefined;
  /** Of the run that is tried again: see RunNodeOptions. */
  previousBatches?: RunNodeOptions['previousBatches'];
  onStatement?: ((sql: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** How one node is run, when not by `runNode`: compile, show, clone. */
  perform?: ((uniqueId: string) => Promise<NodeResult>) | undefined;
  onStart?: ((node: ProjectNode, index: number, total: number) => void) | undefined;
  onResult?: ((node: ProjectNode, result: TimedResult, index: number, total: number) => void) | undefined;
}

/** A result with what artifacts say of when it was made. */
export interface TimedResult extends NodeResult {
  startedAt: number;
  completedAt: number;
  thread: string;
}

/** Statuses that make everything downstream be skipped. */
const stopping: ReadonlySet<NodeStatus> = new Set(['error', 'fail', 'skipped', 'partial success']);

/**
 * Runs the nodes of a selection, several at a time, each as soon as what it depends on is done; what depends on a failure is skipped.
 * Results come in the order in which the nodes ended.
 */
export async function runProject(project: Project, options: RunProjectOptions): Promise<TimedResult[]> {
  const nodes = options.ids.map((id) => project.nodes.get(id) as ProjectNode).filter(isRun);
  project.selectedResources = nodes.map((node) => node.uniqueId);
  const run = new Run(project, nodes, options);
  const start = options.hooks ? await run.hooks('on-run-start', []) : [];
  if (start.some((result) => result.status === 'error'))
    return [...start, ...run.skipAll('an on-run-start hook failed')];
  const results = await run.all();
  const end = options.hooks ? await run.hooks('on-run-end', results) : [];
  return [...start, ...results, ...end];
}

function isRun(node: ProjectNode): boolean {
  if (node.resourceType === 'model') return node.materialized !== 'ephemeral';
  return ['seed', 'snapshot', 'test', 'unit_test', 'analysis'].includes(node.resourceType);
}

class Run {
  readonly #project: Project;
  readonly #options: RunProjectOptions;
  readonly #nodes: ProjectNode[];
  readonly #waitsFor: Map<string, Set<string>>;
  readonly #children = new Map<string, string[]>();
  readonly #results: TimedResult[] = [];
  readonly #ready: string[];
  readonly #skipped = new Map<string, string>();
  readonly #batches: TestBatches | undefined;
  #begun = 0;
  #stopped = false;

  constructor(project: Project, nodes: ProjectNode[], options: RunProjectOptions) {
    this.#project = project;
    this.#options = options;
    this.#nodes = nodes;
    if (options.batchTests && !options.perform)
      this.#batches = new TestBatches(
        project,
        options.adapter,
        nodes.map((node) => node.uniqueId),
        options.deferred,
      );
    this.#waitsFor = runDependencies(project, new Set(nodes.map((node) => node.uniqueId)), options.testEdges === true);
    for (const [id, parents] of this.#waitsFor)
      for (const parent of parents) this.#children.set(parent, [...(this.#children.get(parent) ?? []), id]);
    this.#ready = nodes.map((node) => node.uniqueId).filter((id) => this.#waitsFor.get(id)?.size === 0);
  }

  async all(): Promise<TimedResult[]> {
    const threads = Array.from({ length: Math.max(1, this.#options.threads) }, (_, index) =>
      this.#thread(`Thread-${index + 1}`),
    );
    await Promise.all(threads);
    return this.#results;
  }

  skipAll(reason: string): TimedResult[] {
    return this.#nodes.map((node) => this.#skip(node.uniqueId, reason, 'Thread-1'));
  }

  /** Hooks run one after another; on-run-end sees the results. */
  async hooks(kind: HookKind, results: TimedResult[]): Promise<TimedResult[]> {
    const done: TimedResult[] = [];
    for (const id of hooksOf(this.#project, kind)) {
      const startedAt = Date.now();
      const result = await runNode(this.#project, id, { ...this.#nodeOptions(), results });
      done.push({ ...result, startedAt, completedAt: Date.now(), thread: 'MainThread' });
      if (result.status === 'error') break;
    }
    return done;
  }

  async #thread(name: string): Promise<void> {
    for (;;) {
      const id = this.#ready.shift();
      if (id === undefined) {
        if (!this.#isWaiting()) return;
        await this.#next();
        continue;
      }
      const result = await this.#one(id, name);
      this.#finish(id, result);
    }
  }

  async #one(id: string, thread: string): Promise<TimedResult> {
    const node = this.#project.nodes.get(id) as ProjectNode;
    const index = ++this.#begun;
    const reason = this.#skipped.get(id) ?? (this.#stopped ? 'the run was stopped by a failure' : undefined);
    if (reason !== undefined) {
      const result = this.#skip(id, reason, thread);
      this.#options.onResult?.(node, result, index, this.#nodes.length);
      return result;
    }
    this.#options.onStart?.(node, index, this.#nodes.length);
    const startedAt = Date.now();
    const perform =
      this.#options.perform ?? ((uniqueId: string) => runNode(this.#project, uniqueId, this.#nodeOptions()));
    const result = {
      ...((await this.#batches?.passed(id)) ?? (await perform(id))),
      startedAt,
      completedAt: Date.now(),
      thread,
    };
    this.#options.onResult?.(node, result, index, this.#nodes.length);
    return result;
  }

  #finish(id: string, result: TimedResult): void {
    this.#results.push(result);
    if (this.#options.failFast && (result.status === 'error' || result.status === 'fail')) this.#stopped = true;
    const continues = this.#project.manifest.nodes.get(id)?.config['on_error'] === 'continue';
    for (const child of this.#children.get(id) ?? []) {
      const waiting = this.#waitsFor.get(child);
      waiting?.delete(id);
      if (stopping.has(result.status) && !continues && !this.#skipped.has(child))
        this.#skipped.set(
          child,
          `${id} ${result.status === 'skipped' ? 'was skipped' : `ended with ${result.status}`}`,
        );
      if (waiting?.size === 0) this.#ready.push(child);
    }
    this.#wake();
  }

  #skip(id: string, message: string, thread: string): TimedResult {
    const now = Date.now();
    return { ...resultWithoutRun(id, 'skipped', message), startedAt: now, completedAt: now, thread };
  }

  #nodeOptions() {
    const { adapter, fullRefresh, signal, deferred, onStatement, eventTime, previousBatches } = this.#options;
    return { adapter, fullRefresh, signal, deferred, onStatement, eventTime, previousBatches };
  }

  #isWaiting(): boolean {
    return this.#results.length < this.#nodes.length && this.#begun < this.#nodes.length;
  }

  #sleepers: (() => void)[] = [];

  #next(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#sleepers.splice(0)) resolve();
  }
}
