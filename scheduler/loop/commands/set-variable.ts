import { MillraceError } from '../../../kernel/errors.js';
import { masked } from '../../../kernel/secret-masker.js';
import type { SetMode, VariableChange } from '../../model/admin-commands.js';
import type { Requester } from '../../model/commands.js';
import { variableRow } from '../../store/queries/secrets.js';
import * as write from '../../store/transitions/write-admin.js';
import type { SecretDeps } from './admin.js';
import { audit, type CommandDeps } from './commands.js';
import { checkedName } from './names.js';

/** Sets a variable. Its value is in no audit row. */
export function setVariable(
  deps: CommandDeps,
  { vault, secrets }: SecretDeps,
  change: VariableChange,
  by: Requester,
  mode: SetMode,
): Promise<void> {
  const key = checkedName(change.key);
  return deps.alone(async () => {
    const [row] = await deps.store.read(variableRow(key));
    if (row && mode === 'create') throw new MillraceError('VARIABLE_EXISTS', `there is a variable "${key}" already`);
    if (!row && mode === 'update') throw notFound(key);
    const isKept = row !== undefined && (change.value === undefined || change.value === masked);
    if (change.value === undefined && !isKept) {
      throw new MillraceError('REQUEST_INVALID', `variable "${key}" has no value`, { hint: 'Give one.' });
    }
    const sealed = isKept ? row.value_encrypted : vault.seal(change.value as string);
    const description = change.description === undefined ? (row?.description ?? null) : change.description;
    await deps.request((turn) => {
      turn.write(write.setVariable({ key, sealed, description, at: turn.now }));
      audit(turn, by, row ? 'patch_variable' : 'post_variable', { extra: { key, changed_value: !isKept } });
    });
    // What was just set is masked from now on.
    await secrets.storedVariable(key);
  });
}

export function deleteVariable(deps: CommandDeps, key: string, by: Requester): Promise<void> {
  return deps.alone(async () => {
    const [row] = await deps.store.read(variableRow(key));
    if (!row) throw notFound(key);
    await deps.request((turn) => {
      turn.write(write.deleteVariable(key));
      audit(turn, by, 'delete_variable', { extra: { key } });
    });
  });
}

function notFound(key: string): MillraceError {
  return new MillraceError('VARIABLE_NOT_FOUND', `there is no variable "${key}" in the metadata database`, {
    hint: `Those of the environment (AIRFLOW_VAR_${key.toUpperCase()}) are changed where the server is started.`,
  });
}
