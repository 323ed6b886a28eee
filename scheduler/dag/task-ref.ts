import { MillraceError } from '../../kernel/errors.js';
import type { TaskDeclaration } from './declaration.js';
import { type Draft, type MapArgument, nodeDeclaration } from './draft.js';
import { declarationOf, declared, type Node, type Ref, type TeardownOptions } from './refs.js';

/** A ref as it really is: the declaration, and the DAG's draft that edges go to. */
export class DeclaredRef<T> implements Ref<T> {
  readonly [declared]: TaskDeclaration;
  readonly #draft: Draft;

  constructor(draft: Draft, task: TaskDeclaration) {
    this.#draft = draft;
    this[declared] = task;
  }

  get dagId(): string {
    return this[declared].dagId;
  }

  get taskId(): string {
    return this[declared].taskId;
  }

  before(...nodes: Node[]): this {
    for (const node of nodes) this.#draft.addEdge(this[declared], nodeDeclaration(node));
    return this;
  }

  after(...nodes: Node[]): this {
    for (const node of nodes) this.#draft.addEdge(nodeDeclaration(node), this[declared]);
    return this;
  }

  asSetup(): this {
    this[declared].isSetup = true;
    return this;
  }

  asTeardown({ setups = [], onFailureFailDagrun = false }: TeardownOptions = {}): this {
    const task = this[declared];
    if (task.spec.triggerRule !== undefined && task.spec.triggerRule !== 'all_done_setup_success') {
      throw new MillraceError('DAG_INVALID', `task "${task.taskId}" is a teardown and has a trigger rule of its own`, {
        hint: 'A teardown always runs by all_done_setup_success: leave triggerRule out.',
      });
    }
    const declarations = [setups]
      .flat()
      .map(declarationOf)
      .filter((setup) => setup !== undefined);
    for (const setup of declarations) {
      setup.isSetup = true;
      this.#draft.addEdge(setup, task);
    }
    task.teardown = { setups: declarations, onFailureFailDagrun };
    return this;
  }
}

/** The argument of a mapped group: looks like a ref to the body of the group, and is delivered to each of its instances. */
export class MapArgumentRef<T> implements Ref<T> {
  readonly [declared]: MapArgument;
  readonly dagId: string;

  constructor(dagId: string, argument: MapArgument) {
    this.dagId = dagId;
    this[declared] = argument;
  }

  get taskId(): string {
    throw this.#refusal();
  }

  before(): this {
    throw this.#refusal();
  }

  after(): this {
    throw this.#refusal();
  }

  asSetup(): this {
    throw this.#refusal();
  }

  asTeardown(): this {
    throw this.#refusal();
  }

  #refusal(): MillraceError {
    const { group, name } = this[declared];
    return new MillraceError('DAG_INVALID', `"${name}" of the mapped group "${group.groupId}" is a value, not a task`, {
      hint: 'It can only be the argument of a task in the group.',
    });
  }
}
