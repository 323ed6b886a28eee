import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import type { ExpandSpec, InputBinding } from '../model/dag.js';
import type { TaskDeclaration } from './declaration.js';
import type { Draft } from './draft.js';
import type { Input, ListInputs, Ref, TaskInputs } from './refs.js';
import { DeclaredRef } from './task-ref.js';

type CallInputs<Args> = [keyof Args] extends [never]
  ? []
  : Record<never, never> extends Args
    ? [inputs?: TaskInputs<Args>]
    : [inputs: TaskInputs<Args>];

/** What `dag.task` returns. It is called, or mapped, exactly once. */
export interface TaskFactory<Args, Return> extends MappableFactory<Args, Return> {
  /** Places the task and names its inputs: refs and literals. */
  (...inputs: CallInputs<Args>): Ref<Return>;
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

/** Names of a handler's arguments in order, when it was given by `withArgList`. */
const argumentNames = Symbol.for('millrace.argumentNames');

/**
 * Lets a factory be called with its inputs in the order in which the handler destructures them:
 * `dag.task('load', withArgList(async ({ rows, region }) => …))(extracted, 'eu')`.
 */
export function withArgList<Args extends object, Return>(
  handler: (args: Args) => Return,
): ((args: Args) => Return) & { readonly argList: true } {
  const pattern = /^[^({]*\(?\s*\{([^}]*)\}/.exec(handler.toString())?.[1];
  const names = pattern
    ?.split(',')
    .map((part) => part.trim().split(/[\s:=]/)[0] as string)
    .filter((name) => name !== '');
  if (!names || names.some((name) => name.startsWith('...'))) {
    throw new MillraceError('DAG_INVALID', 'withArgList takes a handler that destructures its argument by name', {
      hint: 'Write async ({ rows, region }) => …, or pass the inputs by name.',
    });
  }
  return Object.assign(handler, { [argumentNames]: names, argList: true as const });
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
  const names = (task.handler as { [argumentNames]?: string[] } | null)?.[argumentNames];
  if (names) {
    if (given.length > names.length) {
      throw invalid(task, `takes ${names.length} inputs, but got ${given.length}`);
    }
    return Object.fromEntries(given.map((value, at) => [names[at] as string, value]));
  }
  if (given.length > 1) throw invalid(task, 'is called with more than one argument', 'Name its inputs in one object.');
  const inputs = given[0] ?? {};
  if (typeof inputs !== 'object' || Array.isArray(inputs)) {
    throw invalid(task, 'is called with a value instead of named inputs', `Write { name: value }.`);
  }
  return inputs;
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
