import { MillraceError } from '../../kernel/errors.js';
import type { BranchDeclaration, TaskDeclaration } from './declaration.js';
import { type Draft, nameOf, nodeDeclaration } from './draft.js';
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
  const open = openBranch(draft, condition, 'if', false);
  const { branch } = open;
  const follow = (side: BranchDeclaration['chosen'], nodes: Node[]) => draw(draft, open, side, nodes);
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
  const open = openBranch(draft, chooser, 'switch', multiple);
  const cases: SwitchBranch = {
    case(...nodes) {
      draw(draft, open, open.branch.chosen, nodes);
      return cases;
    },
  };
  return cases;
}

interface OpenBranch {
  task: TaskDeclaration;
  branch: BranchDeclaration;
}

function openBranch(draft: Draft, ref: Ref, kind: BranchDeclaration['kind'], multiple: boolean): OpenBranch {
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

function draw(draft: Draft, { task, branch }: OpenBranch, side: BranchDeclaration['chosen'], nodes: Node[]): void {
  for (const node of nodes) {
    if (typeof node === 'function') {
      throw new MillraceError('DAG_INVALID', `the branch of task "${task.taskId}" is awaited`, {
        hint: 'dag.if draws a branch and does no work: leave the await out.',
      });
    }
    const declaration = nodeDeclaration(node);
    if ([...branch.chosen, ...branch.otherwise].includes(declaration)) {
      throw new MillraceError('DAG_INVALID', `the branch of task "${task.taskId}" names ${nameOf(declaration)} twice`, {
        hint: 'What both ways lead to is a join: draw its edges from both sides instead.',
      });
    }
    draft.addEdge(task, declaration);
    side.push(declaration);
  }
}
