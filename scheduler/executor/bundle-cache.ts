import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '../../kernel/errors.js';
import { type Dag, draftOf } from '../dag/dag.js';
import { dagsOf, importModule } from '../dag/import-dags.js';
import type { BundleFiles } from '../operators/operator.js';

/** The bundles that this process has imported, by content hash. A module cannot be forgotten: the process is recycled. */
export class BundleCache {
  readonly #dags = new Map<string, Promise<Dag[]>>();

  /** What an attempt may ask of its bundle. Nothing is read before it is asked. */
  open(bundle: { hash: string; path: string }, dagId: string, taskId: string, cacheFolder: string): BundleFiles {
    const dag = async () => {
      const found = (await this.#import(bundle)).find((candidate) => candidate.dagId === dagId);
      if (found) return found;
      throw new MillraceError('DAG_NOT_FOUND', `the bundle ${bundle.hash} holds no Dag "${dagId}"`);
    };
    return {
      hash: bundle.hash,
      folder: join(dirname(bundle.path), bundle.hash),
      cacheFolder,
      dag,
      async declaration() {
        const task = (await dag())[draftOf].tasks.get(taskId);
        if (task) return task;
        throw new MillraceError('DAG_INVALID', `the file declares no task "${taskId}" when a task runs`, {
          hint: 'A DAG file must declare the same tasks each time: nothing in it may depend on the time or on chance.',
        });
      },
    };
  }

  #import({ hash, path }: { hash: string; path: string }): Promise<Dag[]> {
    const known = this.#dags.get(hash);
    if (known) return known;
    const importing = importModule(pathToFileURL(path).href).then(dagsOf);
    this.#dags.set(hash, importing);
    importing.catch(() => this.#dags.delete(hash));
    return importing;
  }
}
