import { MillraceError } from '../../kernel/errors.js';
import { invoke, str } from '../jinja/index.js';
import type { AdapterObject } from './adapter-object.js';
import { quoteLiteral, type Relation } from './relation.js';

/** Brings the grants on a relation to what the config says: takes back what is too much (when it existed before), gives what is missing. */
export async function applyGrants(
  self: AdapterObject,
  relation: Relation,
  wanted: Record<string, unknown>,
  revokes: boolean,
): Promise<void> {
  if (Object.keys(wanted).length === 0) return;
  if (self.runtime.adapter.type !== 'postgres')
    throw new MillraceError('SQL_COMPILATION_FAILED', `${self.node.name}: ${self.runtime.adapter.type} has no grants`);
  const current = revokes ? await currentGrants(self, relation) : new Map<string, Set<string>>();
  const lists = new Map(
    Object.entries(wanted).map(([privilege, grantees]) => [
      privilege.toLowerCase(),
      (Array.isArray(grantees) ? grantees : [grantees]).map(String),
    ]),
  );
  for (const [privilege, grantees] of lists) {
    const missing = grantees.filter((grantee) => !current.get(privilege)?.has(grantee));
    if (missing.length > 0) await send(self, 'get_grant_sql', [relation, privilege, missing]);
  }
  for (const [privilege, grantees] of current) {
    const extra = [...grantees].filter((grantee) => !lists.get(privilege)?.includes(grantee));
    if (extra.length > 0) await send(self, 'get_revoke_sql', [relation, privilege, extra]);
  }
}

async function currentGrants(self: AdapterObject, relation: Relation): Promise<Map<string, Set<string>>> {
  const { rows } = await self.runtime.execute(
    `select grantee, lower(privilege_type) from information_schema.role_table_grants where grantor = current_role and grantee != current_role ` +
      `and table_schema = ${quoteLiteral(relation.schema ?? '')} and table_name = ${quoteLiteral(relation.identifier ?? '')}`,
  );
  const found = new Map<string, Set<string>>();
  for (const [grantee, privilege] of rows)
    found.set(String(privilege), (found.get(String(privilege)) ?? new Set()).add(String(grantee)));
  return found;
}

async function send(self: AdapterObject, name: string, args: unknown[]): Promise<void> {
  const macro = self.scope.macro(name);
  if (macro) await self.runtime.execute(str(await invoke(macro, args)).trim());
}
