import { MillraceError } from '../../kernel/errors.js';
import type { AssetCondition, AssetRef } from '../model/dag.js';

/** A piece of data that tasks update and DAGs wait for. */
export class Asset implements AssetRef {
  readonly name: string;
  readonly uri: string;

  /** A string is both name and URI; of an object, what is missing is taken from the other. */
  constructor(of: string | { name?: string; uri?: string }) {
    const { name, uri } = typeof of === 'string' ? { name: of, uri: of } : of;
    const given = name ?? uri;
    if (!given) {
      throw new MillraceError('DAG_INVALID', 'an asset needs a name or a URI', {
        hint: "Write asset('s3://bucket/customers') or asset({ uri, name }).",
      });
    }
    this.name = name ?? given;
    this.uri = uri ?? given;
  }
}

/** Names an asset: `asset('warehouse/raw/customers')` or `asset({ uri: 's3://raw/fx', name: 'fx' })`. */
export function asset(of: string | { name?: string; uri?: string }): Asset {
  return new Asset(of);
}

/** A condition on assets, made by `all` and `any`. */
export class AssetExpression {
  readonly condition: AssetCondition;

  constructor(condition: AssetCondition) {
    this.condition = condition;
  }
}

/** Holds when every one of its parts holds. */
export function all(...parts: (Asset | AssetExpression)[]): AssetExpression {
  return new AssetExpression({ all: parts.map(conditionOf) });
}

/** Holds when at least one of its parts holds. */
export function any(...parts: (Asset | AssetExpression)[]): AssetExpression {
  return new AssetExpression({ any: parts.map(conditionOf) });
}

export function conditionOf(part: Asset | AssetExpression): AssetCondition {
  return part instanceof AssetExpression ? part.condition : { asset: assetRef(part) };
}

export function assetRef({ name, uri }: AssetRef): AssetRef {
  return { name, uri };
}
