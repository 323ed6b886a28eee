/** Any value that survives JSON unchanged. XComs, conf and params are made of these. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Ends an exhaustive switch: a new member of the union becomes a type error here. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}
