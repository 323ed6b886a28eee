import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { ExpandSpec, InputBinding } from '../model/dag.js';
import { type ArgList, destructuredNames, isArgList, listedValues } from './arg-list.js';
import type { TaskDeclaration } from './declaration.js';
import { type Draft, nodeIfAny } from './draft.js';
import type { Input, ListInputs, Ref, TaskInputs } from './refs.js';
import { DeclaredRef } from './task-ref.js';

type CallInputs<Args> = [keyof Args] extends [never]
  ? []
  : Record<never, never> extends Args
    ? [inputs?: TaskInputs<Args>]
    : [inputs: TaskInputs<Args>];

/** What any argument of the handler may be given: a list of inputs does not say which of them it is. */
type ListedInput<Args> = { [Name in keyof Args]: Input<Args[Name]> }[keyof Args];

/** What `dag.task` returns. It is called, or mapped, exactly once. */
export interface TaskFactory<Args, Return> extends MappableFactory<Args, Return> {
  /** Places the task and names its inputs: refs and literals. */
  (...inputs: CallInputs<Args>): Ref<Return>;
  /** The same with the inputs in the order in which the handler destructures them: `load(withArgList(rows, 'eu'))`. */
  (inputs: [keyof Args] extends [never] ? never : ArgList<readonly ListedInput<Args>[]>): Ref<Return>;
  /** Fixes some arguments; the others are mapped by `expand` or `expandKwargs`. */
  partial<Name extends keyof Args>(
    inputs: { [Key in Name]: Input<Args[Key]> },
  ): MappableFactory<Omit<Args, Name>, Return>;
}

export interface MappableFactory<Args, Return> {
  /** One instance for each element of the list; of two lists, for each pair. Their results arrive downstream as a list. */
  expand(lists: ListInputs<Args>): Ref<Return[]>;
  /** One instance for each record of the list. */
  expandKwargs(records: Input<Args[]> | Input<readonly Args[]> | Zipped<Args>): Ref<Return[]>;
}

/** Lists in step, made by `zip`. */
export interface Zipped<Args> {
  readonly kind: 'zip';
  readonly lists: ListInputs<Args>;
  readonly longest: boolean;
  readonly fill: Json;
}

/** Walks the lists in step, until the shortest ends: `load.expandKwargs(zip({ bucket: buckets, key: keys }))`. */
export const zip: {
  <Args>(lists: ListInputs<Args>): Zipped<Args>;
  /** Until the longest list ends; `fill` stands for what the others lack. */
  longest<Args>(lists: ListInputs<Args>, options?: { fill?: Json }): Zipped<Args>;
} = Object.assign(<Args>(lists: ListInputs<Args>) => zipped(lists, false, null), {
  longest: <Args>(lists: ListInputs<Args>, { fill = null }: { fill?: Json } = {}) => zipped(lists, true, fill),
});

function zipped<Args>(lists: ListInputs<Args>, longest: boolean, fill: Json): Zipped<Args> {
  return { kind: 'zip', lists, longest, fill };
}

/** Makes the factory of a task that was just declared. */
export function createFactory<Args, Return>(draft: Draft, task: TaskDeclaration): TaskFactory<Args, Return> {
  const call = (...given: unknown[]) => {
    place(task);
    bindAll(draft, task, namedInputs(task, given));
    return new DeclaredRef<Return>(draft, task);
  };
  return Object.assign(call, mappable(draft, task), {
    partial: (inputs: object) => {
      bindAll(draft, task, inputs);
      return mappable(draft, task);
    },
  }) as unknown as TaskFactory<Args, Return>;
}

function namedInputs(task: TaskDeclaration, given: unknown[]): object {
  if (given.length > 1) throw invalid(task, 'is called with more than one argument', 'Name its inputs in one object.');
  const inputs = given[0] ?? {};
  if (typeof inputs === 'object' && isArgList(inputs)) return inOrder(task, listedValues(inputs));
  if (typeof inputs !== 'object' || Array.isArray(inputs) || nodeIfAny(inputs)) {
    throw invalid(
      task,
      'is called with a value instead of named inputs',
      'Write { name: value }, or withArgList(value).',
    );
  }
  return inputs;
}

function inOrder(task: TaskDeclaration, values: readonly unknown[]): object {
  const names = typeof task.handler === 'function' ? destructuredNames(task.handler) : undefined;
  if (!names) {
    throw invalid(
      task,
      'cannot take its inputs in order',
      'Write its handler as async ({ rows, region }) => …, or name the inputs.',
    );
  }
  if (names.length !== values.length) {
    throw invalid(task, `takes ${names.length} inputs (${names.join(', ')}), but got ${values.length}`);
  }
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

function mappable(draft: Draft, task: TaskDeclaration) {
  const map = (expand: ExpandSpec) => {
    if (task.expand) throw invalid(task, 'is mapped twice');
    for (let group = task.group; group !== null; group = group.parent) {
      if (group.expand) throw invalid(task, `is mapped inside the mapped group "${group.groupId}"`);
    }
    place(task);
    task.expand = expand;
    return new DeclaredRef(draft, task);
  };
  return {
    expand: (lists: object) => map({ kind: 'product', over: bindLists(draft, task, lists) }),
    expandKwargs: (records: unknown) => {
      if (isZipped(records)) {
        const { lists, longest, fill } = records;
        return map({ kind: 'zip', over: bindLists(draft, task, lists), longest, fill });
      }
      return map({ kind: 'records', over: bindList(draft, task, 'expandKwargs', records) });
    },
  };
}

function place(task: TaskDeclaration): void {
  if (task.placed) throw invalid(task, 'is called twice', 'A task has one place in the graph: declare a second one.');
  task.placed = true;
}

function bindAll(draft: Draft, task: TaskDeclaration, inputs: object): void {
  for (const [name, value] of Object.entries(inputs)) if (value !== undefined) draft.bind(task, name, value);
}

function bindLists(draft: Draft, task: TaskDeclaration, lists: object): Record<string, InputBinding> {
  const entries = Object.entries(lists).filter(([, value]) => value !== undefined);
  if (entries.length === 0) throw invalid(task, 'is mapped over nothing', 'Give expand() at least one list.');
  const fixed = entries.find(([name]) => Object.hasOwn(task.inputs, name));
  if (fixed) throw invalid(task, `gets "${fixed[0]}" both from partial() and from expand()`);
  return Object.fromEntries(entries.map(([name, value]) => [name, bindList(draft, task, name, value)]));
}

function bindList(draft: Draft, task: TaskDeclaration, name: string, value: unknown): InputBinding {
  const binding = draft.bindingOf(task, name, value);
  if ('literal' in binding && (typeof binding.literal !== 'object' || binding.literal === null)) {
    throw invalid(task, `is mapped over "${name}", which is no list`, 'Give a list or a task that returns one.');
  }
  return binding;
}

function isZipped(value: unknown): value is Zipped<never> {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'zip';
}

function invalid(task: TaskDeclaration, what: string, hint?: string): MillraceError {
  return new MillraceError('DAG_INVALID', `task "${task.taskId}" ${what}`, hint === undefined ? {} : { hint });
}
