import { str } from './text.js';
import { Dict, HostObject } from './values.js';

/** `namespace(n=0)`: the one object whose attributes a template can set. */
export class Namespace extends HostObject {
  readonly values = new Dict();

  getAttribute(name: string): unknown {
    return this.values.get(name);
  }

  override get typeName(): string {
    return 'Namespace';
  }

  override toString(): string {
    return `<Namespace ${str(this.values)}>`;
  }

  override get repr(): string {
    return this.toString();
  }
}
