import type { Json } from '../../kernel/json.js';
import type { ExpandSpec, InputBinding } from '../model/dag.js';
import type { HumanInput } from './human-input.js';
import type { TaskFunction } from './refs.js';
import type { ProjectFiles } from './sql-project.js';
import type { TaskSpec } from './task-spec.js';

/** What the authoring API writes down while a DAG file runs; `serialize.ts` makes the DAG of it. */
export interface TaskDeclaration {
  readonly kind: 'task';
  readonly dagId: string;
  readonly taskId: string;
  readonly group: GroupDeclaration | null;
  readonly operator: string;
  kindLabel: string | null;
  readonly spec: TaskSpec;
  /** What performs a `typescript` task, a sensor's check, a short circuit's condition. */
  readonly handler: TaskFunction | HumanInput | null;
  readonly options: Record<string, Json>;
  inputs: Record<string, InputBinding>;
  expand: ExpandSpec | null;
  /** Whether its factory was called. */
  placed: boolean;
  branch: BranchDeclaration | null;
  isSetup: boolean;
  teardown: { setups: TaskDeclaration[]; onFailureFailDagrun: boolean } | null;
}

/** What an `if` or a `switch` may choose. */
export interface BranchDeclaration {
  kind: 'if' | 'switch';
  multiple: boolean;
  /** For `if`: the nodes under `then`; for `switch`: the cases. */
  chosen: Declaration[];
  /** For `if`: the nodes under `else`. */
  otherwise: Declaration[];
}

export interface GroupDeclaration {
  readonly kind: 'group';
  readonly dagId: string;
  readonly groupId: string;
  /** What ids inside are prefixed with, ending in a dot; empty for none. */
  readonly prefix: string;
  readonly displayName: string;
  readonly tooltip: string | null;
  readonly parent: GroupDeclaration | null;
  expand: ExpandSpec | null;
  sqlProject: SqlProjectDeclaration | null;
}

export interface SqlProjectDeclaration {
  /** As the author wrote it, looked up from the DAG file's folder upwards. */
  path: string;
  options: { [name: string]: Json };
  spec: TaskSpec;
  /** Its files, once its nodes have become tasks of the group. */
  files: ProjectFiles | null;
}

export type Declaration = TaskDeclaration | GroupDeclaration;

/** Everything that one `Dag` holds, in the order of declaration. */
export interface DagDeclarations {
  tasks: Map<string, TaskDeclaration>;
  groups: Map<string, GroupDeclaration>;
  edges: { from: Declaration; to: Declaration }[];
}

/** Whether `inner` is the group or lies in it. */
export function isInGroup(inner: Declaration, group: GroupDeclaration): boolean {
  for (let at = inner.kind === 'task' ? inner.group : inner; at !== null; at = at.parent) if (at === group) return true;
  return false;
}
