import { MillraceError } from '../../kernel/errors.js';
import { Dag } from './dag.js';

/** DAGs that were served while a file was imported. */
const served: Dag[] = [];

/** What a file of Airflow's TypeScript SDK registers its DAGs in. Here a plain export of the DAG does as well. */
export class Bundle {
  readonly #dags: Dag[] = [];
  #isServed = false;

  constructor(...dags: Dag[]) {
    this.register(...dags);
  }

  register(...dags: Dag[]): this {
    for (const dag of dags) {
      if (!(dag instanceof Dag)) {
        throw new MillraceError('DAG_INVALID', 'a bundle holds DAGs, but got something else', {
          hint: 'Handlers for a Python DAG (TaskHandler) have no place here: declare the DAG itself.',
        });
      }
      this.#dags.push(dag);
    }
    return this;
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
