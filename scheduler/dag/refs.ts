import type { Json } from '../../kernel/json.js';
import type { TaskDeclaration } from './declaration.js';

/** Something that edges can be drawn to and from: a task's ref or a task group. */
export interface Node {
  /** Draws edges from this node to the others. Drawing one twice changes nothing. */
  before(...nodes: Node[]): this;
  /** Draws edges from the other nodes to this one. */
  after(...nodes: Node[]): this;
}

declare const returned: unique symbol;

/** A placed task that returns `T`. As an input of another task it draws an edge and delivers the value. */
export interface Ref<T = unknown> extends Node {
  readonly dagId: string;
  /** With the prefixes of its groups. */
  readonly taskId: string;
  /** Only for the type checker: what the task returns. */
  readonly [returned]?: T;
  /** Makes it a setup: what comes after it needs it to succeed, and its teardowns run whatever happens between. */
  asSetup(): this;
  /** Makes it the teardown of the given setups (of none: it only runs last). */
  asTeardown(options?: TeardownOptions): this;
}

/** The name that Airflow's TypeScript SDK gives to a `Ref`. */
export type TaskRef<T = unknown> = Ref<T>;

export interface TeardownOptions {
  setups?: Ref | Ref[];
  /** true: the run fails when this teardown fails. */
  onFailureFailDagrun?: boolean;
}

type NotJson =
  | ((...args: never[]) => unknown)
  | Date
  | RegExp
  | Map<unknown, unknown>
  | Set<unknown>
  | Promise<unknown>
  | bigint
  | symbol
  | undefined;

/** The part of `T` that JSON carries unchanged; `never` where it does not, so that the compiler refuses it. */
export type Literal<T> = unknown extends T
  ? Json
  : T extends Json
    ? T
    : T extends NotJson
      ? never
      : T extends readonly (infer Element)[]
        ? readonly Literal<Element>[]
        : T extends object
          ? { [Key in keyof T]: Literal<T[Key]> }
          : never;

/** What an argument of type `T` may be given: a task that returns it, or the value itself. */
export type Input<T> = Ref<T> | Literal<T>;

/** The inputs of a handler whose one parameter is an object of named arguments. */
export type TaskInputs<Args> = { [Name in keyof Args]: Input<Args[Name]> };

/** The same, each argument as a list to map over. */
export type ListInputs<Args> = { [Name in keyof Args]: Input<readonly Args[Name][]> | Input<Args[Name][]> };

/** A task's handler: no parameter, or one object of named arguments. */
export type TaskFunction = (args: never) => unknown;

export type ArgsOf<Handler extends TaskFunction> = Parameters<Handler> extends [] ? NoArgs : Parameters<Handler>[0];
export type ReturnOf<Handler extends TaskFunction> = Awaited<ReturnType<Handler>>;

/** A handler without arguments. */
export type NoArgs = Record<never, never>;

/** Under this key a ref or group holds what was declared. Inside Millrace only. */
export const declared: unique symbol = Symbol.for('millrace.declared');

/** What a value declares when it is a ref; undefined when it is anything else. */
export function declarationOf(value: unknown): TaskDeclaration | undefined {
  if (typeof value !== 'object' || value === null || !(declared in value)) return undefined;
  const declaration = (value as { [declared]: { kind: string } })[declared];
  return declaration.kind === 'task' ? (declaration as TaskDeclaration) : undefined;
}
