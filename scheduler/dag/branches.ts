import { MillraceError } from '../../kernel/errors.js';
import type { BranchDeclaration, TaskDeclaration } from './declaration.js';
import { type Draft, nodeDeclaration } from './draft.js';
import { declarationOf, type Node, type Ref } from './refs.js';

/** `dag.if(condition).then(a).else(b)`. */
export interface IfBranch {
  then(...nodes: Node[]): { else(...nodes: Node[]): void };
}

/** `dag.switch(chooser).case(a).case(b)`. */
export interface SwitchBranch {
  case(...nodes: Node[]): SwitchBranch;
}

/** Begins an `if`: the condition's boolean says which nodes run, the others are skipped. */
export function createIf(draft: Draft, condition: Ref<boolean>): IfBranch {
  const { task, branch } = openBranch(draft, condition, 'if', false);
  const follow = (side: BranchDeclaration['chosen'], nodes: Node[]) => draw(draft, task, side, nodes);
  return {
    // biome-ignore lint/suspicious/noThenProperty: the word of Airflow's SDK; a branch is never awaited
    then(...nodes) {
      follow(branch.chosen, nodes);
      return { else: (...others) => follow(branch.otherwise, others) };
    },
  };
}

/** Begins a `switch`: the chooser returns one of the cases, or a list of them when `multiple` is set. */
export function createSwitch(draft: Draft, chooser: Ref, multiple: boolean): SwitchBranch {
  const { task, branch } = openBranch(draft, chooser, 'switch', multiple);
  const cases: SwitchBranch = {
    case(...nodes) {
      draw(draft, task, branch.chosen, nodes);
      return cases;
    },
  };
  return cases;
}

function openBranch(draft: Draft, ref: Ref, kind: BranchDeclaration['kind'], multiple: boolean) {
  const task = declarationOf(ref);
  if (!task) {
    throw new MillraceError('DAG_INVALID', `dag.${kind} takes a task`, {
      hint: 'Pass what calling its factory returned.',
    });
  }
  if (task.dagId !== draft.dagId) {
    throw new MillraceError('DAG_INVALID', `dag.${kind} of "${draft.dagId}" got a task of "${task.dagId}"`);
  }
  if (task.branch) throw new MillraceError('DAG_INVALID', `task "${task.taskId}" already decides a branch`);
  const branch: BranchDeclaration = { kind, multiple, chosen: [], otherwise: [] };
  task.branch = branch;
  task.kindLabel ??= 'branch';
  return { task, branch };
}

function draw(draft: Draft, task: TaskDeclaration, side: BranchDeclaration['chosen'], nodes: Node[]): void {
  for (const node of nodes) {
    const declaration = nodeDeclaration(node);
    draft.addEdge(task, declaration);
    side.push(declaration);
  }
}
