import { MillraceError } from '../../kernel/errors.js';
import type { AssetName } from '../model/attempt.js';
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

  /** Refers to an asset by its name or its URI alone. */
  static ref(of: { name: string } | { uri: string }): AssetNameRef | AssetUriRef {
    return 'name' in of ? new AssetNameRef(of.name) : new AssetUriRef(of.uri);
  }
}

/** An asset by its name alone: `Asset.ref({ name })`. */
export class AssetNameRef {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An asset by its URI alone: `Asset.ref({ uri })`. */
export class AssetUriRef {
  readonly uri: string;

  constructor(uri: string) {
    this.uri = uri;
  }
}

/** How the scheduler is asked for an asset: by its name where there is one. Throws TypeError for anything else. */
export function assetName(of: Asset | AssetNameRef | AssetUriRef): AssetName {
  if (of instanceof AssetUriRef) return { uri: of.uri };
  if (of instanceof AssetNameRef || of instanceof Asset) return { name: of.name };
  throw new TypeError('an asset is made by asset(…), new Asset(…) or Asset.ref(…)');
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
