import { createIf, createSwitch, type IfBranch, type SwitchBranch } from './branches.js';
import { checkDagId, checkDagSpec, type DagSpec } from './dag-spec.js';
import { Draft } from './draft.js';
import type { Node, Ref } from './refs.js';
import { TaskScope } from './task-scope.js';

/** Under this key a `Dag` holds what was declared. Inside Millrace only. */
export const draftOf: unique symbol = Symbol.for('millrace.draft');

/** Every `Dag` made in this process since the list was last taken: how the loader finds one that nobody exports. */
const constructed: Dag[] = [];

/**
 * A DAG: `const dag = new Dag('bank_load', { schedule: '@hourly' })`. A DAG file exports it, or registers it in a
 * `Bundle`. Throws DAG_INVALID for an unknown option or a value that cannot be used.
 */
export class Dag extends TaskScope {
  readonly dagId: string;
  readonly spec: DagSpec;

  constructor(dagId: string, spec: DagSpec = {}) {
    checkDagId(dagId);
    checkDagSpec(dagId, spec);
    super(new Draft(dagId, spec), null);
    this.dagId = dagId;
    this.spec = spec;
    constructed.push(this);
  }

  get [draftOf](): Draft {
    return this.draft;
  }

  /** The ids of its tasks, in the order of declaration. Tasks of a SQL project come when the file is imported. */
  get taskIds(): readonly string[] {
    return [...this.draft.tasks.keys()];
  }

  /** The condition's boolean decides which of the named tasks run. Only they are skipped, a join still runs. */
  if(condition: Ref<boolean>): IfBranch {
    return createIf(this.draft, condition);
  }

  /** The chooser returns the case that runs, a task or a group; with `multiple`, a list of them. */
  switch(chooser: Ref<Node>): SwitchBranch;
  switch(chooser: Ref<Node[]>, options: { multiple: true }): SwitchBranch;
  switch(chooser: Ref, options: { multiple?: boolean } = {}): SwitchBranch {
    return createSwitch(this.draft, chooser, options.multiple ?? false);
  }
}

/** The DAGs made since this was last called. */
export function takeConstructed(): Dag[] {
  return constructed.splice(0);
}
