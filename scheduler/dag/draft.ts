import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { InputBinding } from '../model/dag.js';
import { literalOf } from './checks.js';
import type { DagSpec } from './dag-spec.js';
import {
  type DagDeclarations,
  type Declaration,
  type GroupDeclaration,
  isInGroup,
  type TaskDeclaration,
} from './declaration.js';
import { declarationOf, declared, type Node } from './refs.js';

/** The argument of a mapped group, inside it: one element of the list that the group is mapped over. */
export interface MapArgument {
  readonly kind: 'map_argument';
  readonly group: GroupDeclaration;
  readonly name: string;
}

/** What one `Dag` has declared so far. */
export class Draft implements DagDeclarations {
  readonly dagId: string;
  readonly spec: DagSpec;
  readonly tasks = new Map<string, TaskDeclaration>();
  readonly groups = new Map<string, GroupDeclaration>();
  readonly edges: { from: Declaration; to: Declaration }[] = [];
  readonly #drawn = new Map<Declaration, Set<Declaration>>();

  constructor(dagId: string, spec: DagSpec) {
    this.dagId = dagId;
    this.spec = spec;
  }

  addTask(task: TaskDeclaration): void {
    this.#claim(task.taskId, 'task');
    this.tasks.set(task.taskId, task);
  }

  addGroup(group: GroupDeclaration): void {
    this.#claim(group.groupId, 'group');
    this.groups.set(group.groupId, group);
  }

  addEdge(from: Declaration, to: Declaration): void {
    for (const end of [from, to]) {
      if (end.dagId !== this.dagId) {
        throw new MillraceError(
          'DAG_INVALID',
          `an edge of Dag "${this.dagId}" ends at ${nameOf(end)} of "${end.dagId}"`,
          {
            hint: 'Tasks of two DAGs cannot be connected: use triggerDagRun, an asset, or externalTaskSensor.',
          },
        );
      }
    }
    if (from === to) throw new MillraceError('DAG_INVALID', `${nameOf(from)} cannot come before itself`);
    const known = this.#drawn.get(from) ?? new Set();
    if (known.has(to)) return;
    this.#drawn.set(from, known.add(to));
    this.edges.push({ from, to });
  }

  /** Writes down what a task's argument gets, and the edge when that is another task. */
  bind(task: TaskDeclaration, name: string, value: unknown): void {
    task.inputs[name] = this.bindingOf(task, name, value);
  }

  bindingOf(to: Declaration, name: string, value: unknown): InputBinding {
    const source = declarationOf(value);
    if (source) {
      this.addEdge(source, to);
      return { ref: source.taskId };
    }
    const argument = mapArgumentOf(value);
    if (argument) {
      if (!isInGroup(to, argument.group)) {
        throw new MillraceError(
          'DAG_INVALID',
          `${nameOf(to)} uses "${argument.name}" of the mapped group "${argument.group.groupId}" outside it`,
        );
      }
      return { mapped: argument.group.groupId, name: argument.name };
    }
    return { literal: literalOf(`${nameOf(to)}, argument "${name}"`, value) };
  }

  #claim(id: string, what: 'task' | 'group'): void {
    const other = this.tasks.has(id) ? 'task' : this.groups.has(id) ? 'group' : undefined;
    if (!other) return;
    throw new MillraceError(
      'DAG_INVALID',
      `Dag "${this.dagId}" has two nodes "${id}": a ${what} and a ${other} before it`,
      {
        hint: 'Tasks and groups share one namespace.',
      },
    );
  }
}

/** The declaration behind a task's ref or a group; undefined for every other value. */
export function nodeIfAny(value: object | undefined): Declaration | undefined {
  const declaration = (value as Partial<{ [declared]: Declaration | MapArgument }> | undefined)?.[declared];
  return declaration && declaration.kind !== 'map_argument' ? declaration : undefined;
}

/** The declaration behind a node. Throws DAG_INVALID when the value is no node. */
export function nodeDeclaration(value: Node): Declaration {
  const declaration = nodeIfAny(value);
  if (declaration) return declaration;
  throw new MillraceError('DAG_INVALID', 'before() and after() take tasks and groups', {
    hint: 'Call the factory that dag.task returned, and pass what it returns.',
  });
}

/** For people: `task "load"` or `group "staging"`. */
export function nameOf(declaration: Declaration): string {
  return declaration.kind === 'task' ? `task "${declaration.taskId}"` : `group "${declaration.groupId}"`;
}

/** Splits options into those that are data and those that are refs to what another task returns. */
export function splitOptions(
  owner: string,
  options: object,
): { data: Record<string, Json>; refs: [string, unknown][] } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const isRef = ([, value]: [string, unknown]) =>
    declarationOf(value) !== undefined || mapArgumentOf(value) !== undefined;
  return {
    data: Object.fromEntries(
      given.filter((entry) => !isRef(entry)).map(([key, value]) => [key, literalOf(owner, value, key)]),
    ),
    refs: given.filter(isRef),
  };
}

function mapArgumentOf(value: unknown): MapArgument | undefined {
  if (typeof value !== 'object' || value === null || !(declared in value)) return undefined;
  const declaration = (value as { [declared]: MapArgument })[declared];
  return declaration.kind === 'map_argument' ? declaration : undefined;
}
