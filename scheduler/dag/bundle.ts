import { MillraceError } from '../../kernel/errors.js';
import { Dag, draftOf } from './dag.js';
import type { TaskFunction } from './refs.js';

/** DAGs that were served while a file was imported. */
const served: Dag[] = [];

/** What a bundle takes. */
export type Registerable = Dag | TaskHandler;

/**
 * In Airflow's TypeScript SDK the handler of a task that a Python file declares. There is no Python here: making one
 * throws DAG_INVALID, so that the file's import error says what to do instead.
 */
export class TaskHandler {
  constructor(dagId: string, taskId: string, _handler?: unknown) {
    throw new MillraceError(
      'DAG_INVALID',
      `task "${taskId}" of "${dagId}" is a handler for a DAG that Python declares`,
      {
        hint: `Declare the DAG itself: new Dag('${dagId}').task('${taskId}', handler).`,
      },
    );
  }
}

/** What a file of Airflow's TypeScript SDK registers its DAGs in. Here a plain export of the DAG does as well. */
export class Bundle {
  readonly #dags: Dag[] = [];
  #isServed = false;

  constructor(...dags: Registerable[]) {
    this.register(...dags);
  }

  /** Adds DAGs, all of them or none. Throws DAG_INVALID for a second DAG of one id. */
  register(...dags: Registerable[]): void {
    const ids = new Set(this.#dags.map((dag) => dag.dagId));
    for (const dag of dags) {
      if (!(dag instanceof Dag)) throw new MillraceError('DAG_INVALID', 'a bundle holds DAGs, but got something else');
      if (ids.has(dag.dagId)) throw new MillraceError('DAG_INVALID', `the bundle has two DAGs "${dag.dagId}"`);
      ids.add(dag.dagId);
    }
    this.#dags.push(...(dags as Dag[]));
  }

  /** The handler of a task, as a test may want to call it; undefined when there is none. */
  getTaskHandler(dagId: string, taskId: string): TaskFunction | undefined {
    const handler = this.#dags.find((dag) => dag.dagId === dagId)?.[draftOf].tasks.get(taskId)?.handler;
    return typeof handler === 'function' ? handler : undefined;
  }

  /** Makes the DAGs known. Returns at once: there is nothing to wait for. */
  async serve(): Promise<void> {
    if (this.#isServed) throw new MillraceError('DAG_INVALID', 'bundle.serve() is called twice');
    this.#isServed = true;
    served.push(...this.#dags);
  }
}

/** The DAGs served since this was last called. */
export function takeServed(): Dag[] {
  return served.splice(0);
}
