import { MillraceError } from '../../kernel/errors.js';
import { takeServed } from './bundle.js';
import { Dag, takeConstructed } from './dag.js';

/** A DAG file's module, and what it declared while it was imported. */
export interface ImportedModule {
  exports: Record<string, unknown>;
  served: Dag[];
  constructed: Dag[];
}

/** Imports are one after the other: what a module declares is known by when it was declared. */
let last: Promise<unknown> = Promise.resolve();

/** Imports a module and collects its DAGs. Rejects with whatever the module throws. */
export function importModule(url: string): Promise<ImportedModule> {
  const importing = last.then(async () => {
    takeServed();
    takeConstructed();
    const exports = (await import(url)) as Record<string, unknown>;
    return { exports, served: takeServed(), constructed: takeConstructed() };
  });
  last = importing.catch(() => undefined);
  return importing;
}

/**
 * The DAGs of a file: those it exports (alone or in a list) and those of a `Bundle` that it served. Throws DAG_INVALID
 * when it declares a DAG and gives it to nobody, or two of one id.
 */
export function dagsOf({ exports, served, constructed }: ImportedModule): Dag[] {
  const exported = Object.values(exports)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is Dag => value instanceof Dag);
  const dags = [...new Set([...exported, ...served])];
  const lost = constructed.find((dag) => !dags.includes(dag));
  if (lost) {
    throw new MillraceError('DAG_INVALID', `Dag "${lost.dagId}" is declared but not exported`, {
      hint: 'Write export const dag = new Dag(…), or serve it: await new Bundle(dag).serve().',
    });
  }
  const twice = dags.find((dag, at) => dags.findIndex((other) => other.dagId === dag.dagId) !== at);
  if (twice) throw new MillraceError('DAG_INVALID', `the file declares two DAGs "${twice.dagId}"`);
  return dags;
}
