import type { Json, JsonObject } from '../../kernel/json.js';
import type { Dag } from '../dag/dag.js';
import type { TaskDeclaration } from '../dag/declaration.js';
import type { AttemptScope } from '../dag/runtime.js';
import type { SerializedTask } from '../model/dag.js';

/** What performs the tasks of one kind. */
export interface Operator {
  /** Options whose strings are templates, rendered before `perform`; `all` for every option. */
  readonly templateFields: readonly string[] | 'all';
  /**
   * Does the work and returns the return value. Skips, fails and defers by throwing (`signals.ts`); what else should
   * change goes into `scope.effects`.
   */
  perform(call: OperatorCall): Promise<unknown>;
}

export interface OperatorCall {
  readonly scope: AttemptScope;
  readonly task: SerializedTask;
  /** Rendered, and with the values of those that are refs. */
  readonly options: JsonObject;
  readonly inputs: Record<string, Json>;
  readonly bundle: BundleFiles;
}

/** What belongs to the DAG's version. */
export interface BundleFiles {
  readonly hash: string;
  /** Where the files of its SQL projects are. */
  readonly folder: string;
  /** Where what is parsed of them may be kept; empty when nowhere. */
  readonly cacheFolder: string;
  /** Imports the bundle when it is first asked. */
  dag(): Promise<Dag>;
  /** This task as the file declares it. */
  declaration(): Promise<TaskDeclaration>;
}
