// kernel/errors.ts
var errorTable = {
  ATTEMPT_STALE: { status: 409, title: "A report or a call comes from an attempt that is no longer current" },
  CDC_CHECKPOINT_BROKEN: { status: 500, title: "The checkpoint of change capture cannot be read" },
  CDC_PROTOCOL: { status: 500, title: "The replication stream of the source is not understood" },
  CDC_SLOT_FOREIGN: { status: 500, title: "The replication slot belongs to someone else" },
  CDC_SOURCE_CHANGED: { status: 500, title: "The source is another database than the one that was captured" },
  CDC_SOURCE_UNFIT: { status: 500, title: "The source cannot do logical replication" },
  CDC_STORE_UNAVAILABLE: { status: 500, title: "The object store did not take the last events" },
  CDC_TABLE_MISSING: { status: 500, title: "A table to capture does not exist" },
  CONFIG_INVALID: { status: 500, title: "A setting has a value that cannot be used" },
  CONNECTION_NOT_FOUND: { status: 404, title: "No connection has this id" },
  CONNECTION_UNUSABLE: { status: 400, title: "A connection is not of the kind that was asked for" },
  DAG_IMPORT_FAILED: { status: 400, title: "A DAG file cannot be imported" },
  DAG_INVALID: { status: 400, title: "A DAG breaks a rule of the authoring API" },
  DAG_NOT_FOUND: { status: 404, title: "No DAG has this id" },
  DAG_RUN_ACTIVE: { status: 409, title: "The run is still running" },
  DAG_RUN_EXISTS: { status: 409, title: "A run with this id or logical date exists already" },
  DAG_RUN_NOT_FOUND: { status: 404, title: "No run has this id" },
  EMAIL_NOT_FOUND: { status: 404, title: "No e-mail of the outbox has this id" },
  HOME_LOCKED: { status: 500, title: "Another server uses this data folder" },
  HOME_UNWRITABLE: { status: 500, title: "The data folder cannot be written" },
  HTTP_FAILED: { status: 502, title: "A URL answered with another status than expected" },
  INTERNAL: { status: 500, title: "Something went wrong inside Millrace" },
  JINJA_LIMIT: { status: 500, title: "A template does more than it may" },
  JINJA_RAISED: { status: 500, title: "A template raised an error" },
  JINJA_RUNTIME: { status: 500, title: "A template failed while it was rendered" },
  JINJA_SYNTAX: { status: 400, title: "A template cannot be read" },
  JINJA_UNDEFINED: { status: 500, title: "A template uses a name that does not exist" },
  OBJECT_CHANGED: { status: 409, title: "An object is not the one that was listed" },
  OBJECT_KEY_INVALID: { status: 400, title: "A name cannot be used as an object key" },
  OBJECT_NOT_FOUND: { status: 404, title: "No object has this key" },
  OBJECT_STORE_FAILED: { status: 502, title: "The object store does not do what it was asked" },
  OUTSIDE_TASK: { status: 500, title: "Something of a running task was used outside one" },
  PARAMS_INVALID: { status: 400, title: "The conf of a run breaks the params of its DAG" },
  PORT_IN_USE: { status: 500, title: "Another program listens on the port" },
  POSTGRES_UNAVAILABLE: { status: 503, title: "A PostgreSQL server cannot be started or reached" },
  POSTGRES_UNREACHABLE: { status: 503, title: "A PostgreSQL server cannot be reached" },
  QUARANTINE_NOT_FOUND: { status: 404, title: "No file of this key is in quarantine" },
  REQUEST_INVALID: { status: 422, title: "The request is not understood" },
  RUN_ID_INVALID: { status: 400, title: "A run id is not allowed" },
  SCHEDULER_STOPPED: { status: 503, title: "The scheduler takes no more commands" },
  SERVER_UNREACHABLE: { status: 503, title: "No server is running on this data folder" },
  SQL_COMPILATION_FAILED: { status: 400, title: "A node of a SQL project cannot be compiled" },
  SQL_CONTRACT_BROKEN: { status: 400, title: "A model does not return the columns of its contract" },
  SQL_DATABASE_ERROR: { status: 500, title: "The database refused a statement of a SQL project" },
  SQL_GRAPH_CYCLE: { status: 400, title: "The nodes of a SQL project depend on each other in a circle" },
  SQL_PACKAGE_MISSING: { status: 400, title: "A package of a SQL project is not installed" },
  SQL_PROFILE_INVALID: { status: 400, title: "The profile of a SQL project cannot be used" },
  SQL_PROJECT_INVALID: { status: 400, title: "A SQL project breaks a rule of its format" },
  SQL_REFERENCE_UNKNOWN: { status: 400, title: "A SQL project names something that does not exist" },
  SQL_SELECTION_INVALID: { status: 400, title: "A selection of nodes is not understood" },
  SQL_SNAPSHOT_UNSAFE: { status: 400, title: "A snapshot in strict mode met rows that would damage its history" },
  STORE_FOREIGN: { status: 500, title: "The metadata file belongs to another program" },
  STORE_TOO_NEW: { status: 500, title: "A newer Millrace made the metadata database" },
  STORE_UNUSABLE: { status: 500, title: "The metadata database cannot be used" },
  TASK_FAILED: { status: 500, title: "A task cannot do what its options say" },
  TASK_INSTANCE_NOT_FOUND: { status: 404, title: "No task instance has this place" },
  VARIABLE_NOT_FOUND: { status: 404, title: "No variable has this name" },
  VAULT_LOCKED: { status: 500, title: "A secret in the store cannot be opened" },
  XCOM_INVALID: { status: 422, title: "A value cannot be an XCom" }
};
var MillraceError = class extends Error {
  code;
  /** What the reader can do about it, as a sentence. */
  hint;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.name = "MillraceError";
    this.code = code;
    this.hint = options.hint;
  }
  get status() {
    return errorTable[this.code].status;
  }
};

// transform/adapters/postgres.ts
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

// transform/jinja/errors.ts
var TemplateError = class extends MillraceError {
  path;
  /** From 1. */
  line;
  /** From 1. */
  column;
  /** What was wrong, without the place. */
  reason;
  excerpt;
  /** The calls that led there, innermost first: `macro star (macros/star.sql:12)`. */
  calls = [];
  constructor(code, reason, source, offset, options = {}) {
    const { line, column, text: text4 } = locate(source, offset);
    const label = String(line);
    const excerpt = `  ${label} | ${text4}
  ${" ".repeat(label.length)} | ${caretIndent(text4, column)}^`;
    super(code, `${source.path}:${line}:${column}: ${reason}
${excerpt}`, options);
    this.name = "TemplateError";
    this.path = source.path;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.excerpt = excerpt;
  }
  /** Adds the call that the error came through. */
  addCall(source, offset) {
    if (this.calls.length >= callsMax) return;
    const { line } = locate(source, offset);
    const call2 = `${source.name ?? "template"} (${source.path}:${line})`;
    this.calls.push(call2);
    this.message += `
  called from ${call2}`;
  }
};
var callsMax = 20;
var excerptCharsMax = 200;
function locate(source, offset) {
  const at2 = Math.min(Math.max(0, offset), source.text.length);
  const lineStart = source.text.lastIndexOf("\n", at2 - 1) + 1;
  const lineEnd2 = source.text.indexOf("\n", at2);
  let line = source.firstLine;
  for (let index2 = source.text.indexOf("\n"); index2 !== -1 && index2 < lineStart; ) {
    line++;
    index2 = source.text.indexOf("\n", index2 + 1);
  }
  const text4 = source.text.slice(lineStart, lineEnd2 === -1 ? source.text.length : lineEnd2);
  return { line, column: at2 - lineStart + 1, text: text4.slice(0, Math.max(excerptCharsMax, at2 - lineStart + 1)) };
}
function caretIndent(text4, column) {
  return text4.slice(0, column - 1).replace(/[^\t]/g, " ");
}
var RuntimeFault = class extends Error {
  code;
  hint;
  constructor(message, code = "JINJA_RUNTIME", hint) {
    super(message);
    this.name = "RuntimeFault";
    this.code = code;
    this.hint = hint;
  }
};
function withinStack(source, work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateError(
      "JINJA_LIMIT",
      "the template is nested too deeply or has too long an expression",
      source,
      0,
      {
        cause: error
      }
    );
  }
}

// transform/jinja/arguments.ts
function readArguments(callee, names2, args, kwargs) {
  if (args.length > names2.length)
    throw new RuntimeFault(
      `${callee}() takes at most ${names2.length} argument${names2.length === 1 ? "" : "s"}, got ${args.length}`
    );
  const values2 = [...args];
  values2.length = names2.length;
  if (kwargs) readNamed(callee, names2, args.length, kwargs, values2);
  names2.forEach((name, index2) => {
    if (values2[index2] === void 0 && index2 >= args.length && !name.endsWith("?"))
      throw new RuntimeFault(`${callee}() needs the argument '${name}'`);
  });
  return values2;
}
function readNamed(callee, names2, given, kwargs, values2) {
  for (const key of Object.keys(kwargs)) {
    const index2 = names2.findIndex((name) => name === key || name === `${key}?`);
    if (index2 === -1) throw new RuntimeFault(`${callee}() has no argument '${key}'`);
    if (index2 < given) throw new RuntimeFault(`${callee}() got two values for the argument '${key}'`);
    values2[index2] = kwargs[key];
  }
}
function textArgument(callee, value, what = "its argument") {
  if (typeof value === "string") return value;
  throw new RuntimeFault(`${callee}() needs ${what} to be text`);
}

// transform/jinja/limits.ts
var limitValues = {
  /** Loop turns and calls of one rendering. */
  stepsMax: 2e7,
  /** Characters of one text, and of all that one rendering writes. */
  charsMax: 128 * 1024 * 1024,
  /** Items of one list. */
  itemsMax: 5e6,
  /** Calls that are open at the same time. */
  depthMax: 200,
  /** Bits of one int. */
  bitsMax: 1e6
};
var limits = {
  text(value) {
    if (value.length > limitValues.charsMax) exceeded("a text", limitValues.charsMax, "characters");
    return value;
  },
  characters(count) {
    if (count > limitValues.charsMax) exceeded("a text", limitValues.charsMax, "characters");
  },
  items(count) {
    if (count > limitValues.itemsMax) exceeded("a list", limitValues.itemsMax, "items");
  },
  digits(bits2) {
    if (bits2 > limitValues.bitsMax) exceeded("a number", limitValues.bitsMax, "bits");
  }
};
function exceeded(what, most, unit) {
  throw new RuntimeFault(`${what} grows beyond ${most.toLocaleString("en-US")} ${unit}`, "JINJA_LIMIT");
}

// transform/jinja/values.ts
var Tuple = class extends Array {
  static get [Symbol.species]() {
    return Array;
  }
};
function tuple(items) {
  const made = new Tuple();
  for (const item2 of items) made.push(item2);
  return made;
}
var View = class extends Array {
  kind = "dict_keys";
  static get [Symbol.species]() {
    return Array;
  }
};
function view(kind, items) {
  const made = new View();
  made.kind = kind;
  for (const item2 of items) made.push(item2);
  return made;
}
var Float = class {
  value;
  constructor(value) {
    this.value = value;
  }
  valueOf() {
    return this.value;
  }
};
function float(value) {
  return Number.isInteger(value) ? new Float(value) : value;
}
var Undefined = class {
  /** `'x' is undefined`, or why an attribute is missing. */
  reason;
  #hint;
  constructor(reason, hint) {
    this.reason = reason;
    this.#hint = hint;
  }
  /** What the reader may have meant. */
  get hint() {
    return this.#hint?.();
  }
};
function isUndefined(value) {
  return value === void 0 || value instanceof Undefined;
}
var Dict = class _Dict extends Map {
  /** Tuples that are keys, by their text, so that an equal tuple finds the same entry. */
  #tuples;
  static of(record) {
    const made = new _Dict();
    for (const key of Object.keys(record)) made.set(key, record[key]);
    return made;
  }
  get(key) {
    return super.get(this.#canonical(key));
  }
  has(key) {
    return super.has(this.#canonical(key));
  }
  delete(key) {
    return super.delete(this.#canonical(key));
  }
  set(key, value) {
    if (key instanceof Tuple) {
      this.#tuples ??= /* @__PURE__ */ new Map();
      const text4 = tupleKey(key);
      const known = this.#tuples.get(text4);
      if (!known) this.#tuples.set(text4, key);
      return super.set(known ?? key, value);
    }
    return super.set(this.#canonical(key), value);
  }
  #canonical(key) {
    if (typeof key === "string") return key;
    if (key instanceof Tuple) return this.#tuples?.get(tupleKey(key)) ?? key;
    if (key instanceof Float) return this.#canonical(key.value);
    if (typeof key === "boolean") return super.has(Number(key)) ? Number(key) : key;
    if (key === 0 || key === 1) return super.has(key === 1) ? key === 1 : key;
    return key;
  }
};
function tupleKey(key) {
  return `(${key.map((part) => part instanceof Tuple ? tupleKey(part) : `${keyKind(part)}:${JSON.stringify(String(part))}`).join()})`;
}
function keyKind(part) {
  if (typeof part === "boolean" || typeof part === "bigint" || part instanceof Float) return "number";
  return typeof part;
}
var PySet = class {
  entries;
  constructor(items = []) {
    this.entries = new Dict();
    for (const item2 of items) this.entries.set(item2, true);
  }
  get size() {
    return this.entries.size;
  }
  has(item2) {
    return this.entries.has(item2);
  }
  [Symbol.iterator]() {
    return this.entries.keys();
  }
};
var HostObject = class {
  /** `object[key]`; names are attributes unless overridden. */
  getItem(key) {
    return typeof key === "string" ? this.getAttribute(key) : void 0;
  }
  /** What a `for` runs over; undefined when the object cannot be iterated. */
  iterate() {
    return void 0;
  }
  /** `object | length`; undefined when it has none. */
  get size() {
    return void 0;
  }
  get truthy() {
    return this.size !== 0;
  }
  /** `object is mapping`. */
  get isMapping() {
    return false;
  }
  equals(other) {
    return this === other;
  }
  /** Negative, 0 or positive as this is less than, equal to or greater than `other`; undefined when they cannot be compared. */
  compare(_other) {
    return void 0;
  }
  /** `this operator other`, or `other operator this` when reflected; undefined when the object does not know it. */
  operate(_operator, _other, _reflected) {
    return void 0;
  }
  /** The type's name in error messages. */
  get typeName() {
    return this.constructor.name;
  }
  /** How the object looks inside a printed list. */
  get repr() {
    return `<${this.typeName} ${this.toString()}>`;
  }
};
var Callable = class extends HostObject {
  getAttribute(name) {
    return name === "name" ? this.name : void 0;
  }
  get typeName() {
    return "function";
  }
  toString() {
    return `<function ${this.name}>`;
  }
  get repr() {
    return this.toString();
  }
};
var Waiting = class {
  steps;
  constructor(steps) {
    this.steps = steps;
  }
};
var MacroReturn = class {
  value;
  constructor(value) {
    this.value = value;
  }
};
function isMapping(value) {
  return value instanceof Map || isPlainObject(value);
}
function mappingEntries(value) {
  return value instanceof Map ? [...value.entries()] : Object.entries(value);
}
function mappingKeys(value) {
  return value instanceof Map ? [...value.keys()] : Object.keys(value);
}
function mappingSize(value) {
  return value instanceof Map ? value.size : Object.keys(value).length;
}
function mappingHas(value, key) {
  return value instanceof Map ? value.has(key) : Object.hasOwn(value, String(key)) && typeof key === "string";
}
function mappingGet(value, key) {
  if (value instanceof Map) return value.get(key);
  return typeof key === "string" && Object.hasOwn(value, key) ? value[key] : void 0;
}
function mappingSet(value, key, item2) {
  if (value instanceof Map) value.set(key, item2);
  else Object.defineProperty(value, String(key), { value: item2, writable: true, enumerable: true, configurable: true });
}
function mappingDelete(value, key) {
  if (value instanceof Map) value.delete(key);
  else delete value[String(key)];
}
function isPlainObject(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
function typeName(value) {
  if (value === null) return "NoneType";
  if (isUndefined(value)) return "Undefined";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "bigint") return "int";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof View) return value.kind;
  if (Array.isArray(value)) return "list";
  if (value instanceof PySet) return "set";
  if (isMapping(value)) return "dict";
  return value instanceof HostObject ? value.typeName : "object";
}

// transform/jinja/text.ts
function str(value) {
  if (typeof value === "string") return value;
  if (isUndefined(value)) return "";
  if (value instanceof HostObject) return value.toString();
  return repr(value);
}
function repr(value) {
  return represent(value, []);
}
function floatText(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const text4 = exponent < 0 ? value.toFixed(mantissa.replace(/[-.]/g, "").length - 1 - exponent) : String(value);
  return text4.includes(".") ? text4 : `${text4}.0`;
}
function represent(value, open) {
  if (typeof value === "string") return quote(value);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value).toString() : floatText(value);
  if (typeof value === "bigint") return value.toString();
  if (isUndefined(value)) return "Undefined";
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof HostObject) return value.repr;
  if (typeof value !== "object") return `<${typeof value}>`;
  return representContainer(value, open);
}
function representContainer(value, open) {
  if (open.includes(value)) return Array.isArray(value) ? "[...]" : "{...}";
  open.push(value);
  const inner = (item2) => represent(item2, open);
  const text4 = containerText(value, inner);
  open.pop();
  return text4;
}
function containerText(value, inner) {
  if (value instanceof Tuple)
    return value.length === 1 ? `(${inner(value[0])},)` : `(${[...value].map(inner).join(", ")})`;
  if (value instanceof View) return `${value.kind}([${[...value].map(inner).join(", ")}])`;
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (value instanceof PySet) return value.size === 0 ? "set()" : `{${[...value].map(inner).join(", ")}}`;
  if (isMapping(value)) {
    return `{${mappingEntries(value).map(([key, item2]) => `${inner(key)}: ${inner(item2)}`).join(", ")}}`;
  }
  return "<object>";
}
var escapes = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "	": "\\t" };
function quote(text4) {
  const mark = text4.includes("'") && !text4.includes('"') ? '"' : "'";
  const body = text4.replace(/[\\'\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    if (character === "'") return mark === "'" ? "\\'" : character;
    return escapes[character] ?? escapePoint(character.codePointAt(0));
  });
  return mark + body + mark;
}
function escapePoint(point) {
  const digits = point.toString(16);
  if (point < 256) return `\\x${digits.padStart(2, "0")}`;
  return point < 65536 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
function parseFloatText(text4) {
  const trimmed = text4.trim().replaceAll(/(?<=\d)_(?=\d)/g, "");
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return float(Number(trimmed));
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(trimmed);
  if (!special) return void 0;
  return special[2] ? special[1] === "-" ? -Infinity : Infinity : NaN;
}
function parseIntText(text4, base = 10) {
  const match = /^([+-]?)(?:0([bBoOxX]))?([\da-zA-Z]+)$/.exec(
    text4.trim().replaceAll(/(?<=[\da-zA-Z])_(?=[\da-zA-Z])/g, "")
  );
  if (!match) return void 0;
  const prefixBase = { b: 2, o: 8, x: 16 }[(match[2] ?? "").toLowerCase()];
  if (prefixBase !== void 0 && base !== 0 && base !== prefixBase) return void 0;
  const radix = prefixBase ?? (base === 0 ? 10 : base);
  const digits = match[3].toLowerCase();
  let value = 0n;
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36);
    if (worth >= radix) return void 0;
    value = value * BigInt(radix) + BigInt(worth);
  }
  return narrow(match[1] === "-" ? -value : value);
}
function narrow(value) {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

// transform/jinja/number-format.ts
var precisionMax = 100;
function formatNumber(value, shape) {
  const number = numberOf(value);
  if (number === void 0)
    throw new RuntimeFault(`the format '${shape.type}' needs a number, got '${typeName(value)}'`);
  const negative = number < 0 || Object.is(number, -0);
  const digits = unsigned(value, negative ? -number : number, shape);
  const sign = negative ? "-" : shape.sign === "+" || shape.sign === " " ? shape.sign : "";
  return sign + (shape.grouping ? group(digits, shape.grouping) : digits);
}
function unsigned(value, number, shape) {
  const { type } = shape;
  if ("dboxX".includes(type) && type !== "") return integerDigits(value, number, shape);
  const precision = Math.min(shape.precision ?? 6, precisionMax);
  const float2 = Number(number);
  if (!Number.isFinite(float2)) return floatText(float2);
  switch (type) {
    case "f":
    case "F":
      return fixed(float2, precision);
    case "%":
      return `${fixed(float2 * 100, precision)}%`;
    case "e":
    case "E": {
      const text4 = float2.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2");
      return type === "E" ? text4.toUpperCase() : text4;
    }
    case "g":
    case "G":
      return general(float2, precision || 1, type === "G");
    case "":
      if (shape.precision !== void 0) return general(float2, precision || 1, false);
      return isFloat(value) ? floatText(float2) : number.toString();
  }
  throw new RuntimeFault(`unknown format '${type}' for a number`);
}
function integerDigits(value, number, shape) {
  if (isFloat(value) && !(shape.truncate && Number.isFinite(number)))
    throw new RuntimeFault(`the format '${shape.type}' needs an int, got 'float'`);
  const whole = typeof number === "bigint" ? number : BigInt(Math.trunc(number));
  const base = { d: 10, b: 2, o: 8, x: 16, X: 16 }[shape.type] ?? 10;
  const digits = whole.toString(base);
  const text4 = shape.type === "X" ? digits.toUpperCase() : digits;
  return shape.alternate && base !== 10 ? `0${shape.type}${text4}` : text4;
}
function isFloat(value) {
  return value instanceof Float || typeof value === "number" && !Number.isInteger(value);
}
function fixed(value, precision) {
  if (Math.abs(value) < 1e21) return value.toFixed(precision);
  return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
}
function general(value, precision, upper) {
  const [mantissa, power] = value.toExponential(precision - 1).split("e");
  const exponent = Number(power);
  const short = (text5) => text5.includes(".") ? text5.replace(/\.?0+$/, "") : text5;
  const text4 = exponent < -4 || exponent >= precision ? `${short(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}` : short(value.toFixed(Math.max(0, precision - 1 - exponent)));
  return upper ? text4.toUpperCase() : text4;
}
function group(digits, separator) {
  const [, whole = "", rest = ""] = /^(\d+)(.*)$/.exec(digits) ?? [];
  return whole.replace(/\B(?=(\d{3})+$)/g, separator) + rest || digits;
}

// transform/jinja/percent-format.ts
var directive = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([a-zA-Z%])/g;
function formatPercent(format, values2) {
  const list3 = values2 instanceof Tuple ? [...values2] : [values2];
  let used = 0;
  const next = () => {
    if (used >= list3.length) throw new RuntimeFault("not enough values for the format");
    return list3[used++];
  };
  let keyed2 = false;
  const text4 = format.replace(directive, (_whole, key, flags, width, precision, type) => {
    if (type === "%") return "%";
    const wide = width === "*" ? Number(next()) : Number(width ?? 0);
    const precise = precision === "*" ? Number(next()) : precision === void 0 ? void 0 : Number(precision);
    keyed2 ||= key !== void 0;
    const value = key === void 0 ? next() : keyValue(values2, key);
    limits.characters(wide + (precise ?? 0));
    return formatOne(value, type, { flags, width: wide, precision: precise });
  });
  if (used < list3.length && !keyed2 && !isMapping(values2))
    throw new RuntimeFault("not all values were used by the format");
  return limits.text(text4);
}
function keyValue(values2, key) {
  if (!isMapping(values2)) throw new RuntimeFault(`the format needs a dict, got '${typeName(values2)}'`);
  if (!mappingHas(values2, key)) throw new RuntimeFault(`the dict has no key ${repr(key)}`);
  return mappingGet(values2, key);
}
function formatOne(value, type, shape) {
  const { flags, width, precision } = shape;
  if (type === "s" || type === "r" || type === "a") {
    const text5 = type === "s" ? str(value) : repr(value);
    const cut = precision === void 0 ? text5 : text5.slice(0, precision);
    return flags.includes("-") ? cut.padEnd(width) : cut.padStart(width);
  }
  if (type === "c") return (typeof value === "number" ? String.fromCodePoint(value) : str(value)).padStart(width);
  if (!"diouxXeEfFgG".includes(type)) throw new RuntimeFault(`unknown format %${type}`);
  const sign = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "-";
  const text4 = formatNumber(value, {
    type: "iu".includes(type) ? "d" : type,
    sign,
    precision,
    alternate: flags.includes("#"),
    truncate: true
  });
  if (flags.includes("-")) return text4.padEnd(width);
  if (!flags.includes("0")) return text4.padStart(width);
  const [, mark = "", digits = ""] = /^([-+ ]?(?:0[xXob])?)(.*)$/.exec(text4) ?? [];
  return mark + digits.padStart(width - mark.length, "0");
}

// transform/jinja/operators.ts
function truthy(value) {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value.length > 0;
  if (value === null || isUndefined(value)) return false;
  if (typeof value === "number") return value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof HostObject) return value.truthy;
  if (isMapping(value)) return mappingSize(value) > 0;
  if (value instanceof PySet) return value.size > 0;
  if (typeof value === "bigint") return value !== 0n;
  return value instanceof Float ? value.value !== 0 : true;
}
function equals(left, right) {
  if (left === right) return true;
  if (typeof left === "string" || left === null) return right instanceof HostObject && right.equals(left);
  if (isUndefined(left)) return isUndefined(right);
  if (left instanceof HostObject) return left.equals(right);
  if (right instanceof HostObject) return right.equals(left);
  const number = numberOf(left);
  if (number !== void 0) {
    const other = numberOf(right);
    return other !== void 0 && sameNumber(number, other);
  }
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (left instanceof PySet)
    return right instanceof PySet && left.size === right.size && [...left].every((item2) => right.has(item2));
  return isMapping(left) && isMapping(right) && equalMappings(left, right);
}
function sameNumber(left, right) {
  return !(left < right) && !(left > right) && !Number.isNaN(left) && !Number.isNaN(right);
}
function equalLists(left, right) {
  if (left.length !== right.length || left instanceof Tuple !== right instanceof Tuple) return false;
  return left.every((item2, index2) => equals(item2, right[index2]));
}
function equalMappings(left, right) {
  if (mappingSize(left) !== mappingSize(right)) return false;
  return mappingEntries(left).every(([key, value]) => mappingHas(right, key) && equals(value, mappingGet(right, key)));
}
function compare(left, right, operator = "<") {
  if (typeof left === "string" && typeof right === "string") return comparePoints(left, right);
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== void 0 && rightNumber !== void 0)
    return leftNumber < rightNumber ? -1 : leftNumber > rightNumber ? 1 : sameNumber(leftNumber, rightNumber) ? 0 : NaN;
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple)
    return compareLists(left, right);
  const order = left instanceof HostObject ? left.compare(right) : right instanceof HostObject ? negate(right.compare(left)) : void 0;
  if (order !== void 0) return order;
  throwUndefined(left);
  throwUndefined(right);
  throw new RuntimeFault(`'${operator}' not supported between '${typeName(left)}' and '${typeName(right)}'`);
}
function negate(order) {
  return order === void 0 ? void 0 : -order;
}
function comparePoints(left, right) {
  if (left === right) return 0;
  for (let index2 = 0; index2 < left.length && index2 < right.length; index2++) {
    const a = left.charCodeAt(index2);
    const b = right.charCodeAt(index2);
    if (a === b) continue;
    const aWide = a >= 55296 && a <= 57343;
    const bWide = b >= 55296 && b <= 57343;
    return aWide === bWide ? a - b : aWide ? 1 : -1;
  }
  return left.length - right.length;
}
function compareLists(left, right) {
  for (let index2 = 0; index2 < left.length && index2 < right.length; index2++) {
    if (!equals(left[index2], right[index2])) return compare(left[index2], right[index2]);
  }
  return left.length - right.length;
}
function contains(container, item2) {
  if (typeof container === "string") {
    if (typeof item2 === "string") return container.includes(item2);
    throwUndefined(item2);
    throw new RuntimeFault(`'in <string>' requires a string on the left, got '${typeName(item2)}'`);
  }
  if (Array.isArray(container)) return container.some((other) => equals(other, item2));
  if (isMapping(container)) return mappingHas(container, item2);
  if (container instanceof PySet) return container.has(item2);
  if (isUndefined(container)) return false;
  const items = container instanceof HostObject ? container.iterate() : void 0;
  if (!items) throw new RuntimeFault(`a value of type '${typeName(container)}' cannot contain anything`);
  for (const other of items) if (equals(other, item2)) return true;
  return false;
}
function numberOf(value) {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof Float) return value.value;
  return typeof value === "boolean" ? Number(value) : void 0;
}
function isInteger(value) {
  return typeof value === "number" && Number.isInteger(value) || typeof value === "bigint" || typeof value === "boolean";
}
function toIndex(value, what) {
  if (isInteger(value)) return Number(value);
  throwUndefined(value);
  throw new RuntimeFault(`${what} must be an int, got '${typeName(value)}'`);
}
function throwUndefined(value) {
  if (value instanceof Undefined) throw new RuntimeFault(value.reason, "JINJA_UNDEFINED", value.hint);
  if (value === void 0) throw new RuntimeFault("a value is undefined", "JINJA_UNDEFINED");
}
function operate(operator, left, right) {
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== void 0 && b !== void 0) {
    if (isInteger(left) && isInteger(right)) return operateIntegers(operator, a, b);
    return operateFloats(operator, Number(a), Number(b));
  }
  const result = operateOthers(operator, left, right);
  if (result !== void 0) return result;
  throwUndefined(left);
  throwUndefined(right);
  if (operator === "+" && (typeof left === "string" || typeof right === "string"))
    throw new RuntimeFault(
      `cannot add '${typeName(left)}' and '${typeName(right)}'`,
      "JINJA_RUNTIME",
      "Use '~' to join values as text."
    );
  throw new RuntimeFault(`'${operator}' is not supported between '${typeName(left)}' and '${typeName(right)}'`);
}
function operateOthers(operator, left, right) {
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return limits.text(left + right);
    if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
      limits.items(left.length + right.length);
      const joined = [...left, ...right];
      return left instanceof Tuple ? tuple(joined) : joined;
    }
  }
  if (operator === "*") {
    const repeated = isInteger(right) ? repeat(left, Number(right)) : isInteger(left) ? repeat(right, Number(left)) : void 0;
    if (repeated !== void 0) return repeated;
  }
  if (operator === "-" && left instanceof PySet && right instanceof PySet)
    return new PySet([...left].filter((item2) => !right.has(item2)));
  if (left instanceof HostObject) return left.operate(operator, right, false);
  return right instanceof HostObject ? right.operate(operator, left, true) : void 0;
}
function repeat(value, times) {
  const count = Math.max(0, times);
  if (typeof value === "string") {
    limits.characters(value.length * count);
    return value.repeat(count);
  }
  if (!Array.isArray(value)) return void 0;
  limits.items(value.length * count);
  const repeated = Array.from({ length: count }, () => [...value]).flat();
  return value instanceof Tuple ? tuple(repeated) : repeated;
}
function operateIntegers(operator, a, b) {
  if (operator === "/") {
    if (Number(b) === 0) throw new RuntimeFault("division by zero");
    return float(Number(a) / Number(b));
  }
  if ((operator === "//" || operator === "%") && Number(b) === 0) throw new RuntimeFault("division by zero");
  if (operator === "**") return powerIntegers(a, b);
  if (typeof a === "number" && typeof b === "number") {
    const result = integerResult(operator, a, b);
    if (Number.isSafeInteger(result)) return result;
  }
  return narrow(bigResult(operator, BigInt(a), BigInt(b)));
}
function integerResult(operator, a, b) {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "//":
      return Math.floor(a / b);
    default:
      return modulo(a, b);
  }
}
function bigResult(operator, a, b) {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      limits.digits(bits(a) + bits(b));
      return a * b;
    case "//":
      return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
    default: {
      const rest = a % b;
      return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    }
  }
}
function powerIntegers(a, b) {
  if (b < 0) {
    if (Number(a) === 0) throw new RuntimeFault("0 cannot be raised to a negative power");
    return float(Number(a) ** Number(b));
  }
  const base = BigInt(a);
  limits.digits(bits(base) * Number(b));
  return narrow(base ** BigInt(b));
}
function bits(value) {
  return (value < 0n ? -value : value).toString(16).length * 4;
}
function operateFloats(operator, a, b) {
  if (["/", "//", "%"].includes(operator) && b === 0) throw new RuntimeFault("division by zero");
  switch (operator) {
    case "/":
      return float(a / b);
    case "//":
      return float(Math.floor(a / b));
    case "%":
      return float(modulo(a, b));
    case "**":
      return float(a ** b);
    default:
      return float(integerResult(operator, a, b));
  }
}
function modulo(a, b) {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}
function signed(operator, value) {
  const number = numberOf(value);
  if (number === void 0) {
    const result = value instanceof HostObject && operator === "-" ? value.operate("*", -1, false) : void 0;
    if (result !== void 0) return result;
    throwUndefined(value);
    throw new RuntimeFault(`${operator} needs a number, got '${typeName(value)}': ${repr(value)}`);
  }
  if (operator === "+") return typeof value === "boolean" ? number : value;
  if (isInteger(value)) return typeof number === "bigint" ? narrow(-number) : number === 0 ? 0 : -number;
  return float(-Number(number));
}
function concat(parts2) {
  let text4 = "";
  for (const part of parts2) text4 += str(part);
  return limits.text(text4);
}

// transform/jinja/callables.ts
function hostFunction(fn, attributes) {
  return new HostFunction(fn, attributes);
}
var HostFunction = class extends Callable {
  #body;
  #attributes;
  constructor(body, attributes) {
    super();
    this.#body = body;
    this.#attributes = attributes;
  }
  get name() {
    return this.#body.name || "function";
  }
  call(run, args, kwargs) {
    const result = this.#body(args, kwargs ?? {}, run);
    if (isPromise(result)) {
      if (!run.sync) return new Waiting(awaiting(result));
      Promise.resolve(result).catch(() => void 0);
      throw new RuntimeFault(
        `${this.name}() has to wait for something, which cannot be done while a project is parsed`,
        "JINJA_RUNTIME",
        "Put it inside {% if execute %}."
      );
    }
    return result === void 0 ? null : result;
  }
  getAttribute(name) {
    if (this.#attributes && Object.hasOwn(this.#attributes, name)) return this.#attributes[name];
    return super.getAttribute(name);
  }
};
function* awaiting(promise) {
  const value = yield promise;
  return value === void 0 ? null : value;
}
function isPromise(value) {
  return typeof value === "object" && value !== null && typeof value.then === "function";
}
var LocalMacro = class extends Callable {
  name;
  #signature;
  #body;
  constructor(name, signature, body) {
    super();
    this.name = name;
    this.#signature = signature;
    this.#body = body;
  }
  toString() {
    return `<Macro '${this.name}'>`;
  }
  call(run, args, kwargs) {
    const result = this.#body(run, bindArguments(this.name, this.#signature, args, kwargs));
    return run.sync ? result : new Waiting(result);
  }
};
function bindArguments(name, signature, args, kwargs) {
  const { names: names2 } = signature;
  const given = args.length;
  const bound = given > names2.length ? args.slice(0, names2.length) : args;
  if (given > names2.length && !signature.varargs)
    throw new RuntimeFault(
      `macro '${name}' takes not more than ${names2.length} argument${names2.length === 1 ? "" : "s"}, got ${given}`
    );
  if (signature.varargs) bound.varargs = tuple(args.slice(names2.length));
  let rest;
  let caller;
  for (const key in kwargs) {
    const index2 = names2.indexOf(key);
    if (index2 >= given) bound[index2] = kwargs[key];
    else if (index2 >= 0) throw new RuntimeFault(`macro '${name}' got two values for the argument '${key}'`);
    else if (key === "caller" && signature.caller) caller = kwargs[key];
    else if (signature.kwargs) {
      rest ??= new Dict();
      rest.set(key, kwargs[key]);
    } else throw new RuntimeFault(`macro '${name}' takes no argument '${key}'`);
  }
  if (signature.kwargs) bound.kwargs = rest ?? new Dict();
  if (signature.caller) bound.caller = caller ?? new Undefined(`macro '${name}' was not called by a call block`);
  return bound;
}
function call(callee, args, kwargs, run) {
  if (--run.stepsLeft < 0) throw stepsExceeded();
  if (callee instanceof Callable) return callee.call(run, args, kwargs);
  if (isUndefined(callee)) {
    if (run.lenient) return callee;
    throwUndefined(callee);
  }
  throw new RuntimeFault(`a value of type '${typeof callee}' cannot be called`);
}
function stepsExceeded() {
  return new RuntimeFault("the template does not come to an end: it makes too many steps", "JINJA_LIMIT");
}
async function runSteps(steps) {
  let step2 = steps.next();
  while (!step2.done) {
    let value;
    try {
      value = await step2.value;
    } catch (error) {
      step2 = steps.throw(error);
      continue;
    }
    step2 = steps.next(value);
  }
  return step2.value;
}

// kernel/json.ts
function assertNever(value) {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}

// transform/jinja/codegen-expressions.ts
var ExpressionWriter = class {
  #mode;
  #find;
  /** `find` gives the variable of a name, or undefined when the context has to be asked. */
  constructor(mode, find) {
    this.#mode = mode;
    this.#find = find;
  }
  write(expression) {
    const at2 = `$p = ${expression.at}`;
    switch (expression.kind) {
      case "constant":
        return typeof expression.value === "bigint" ? `${expression.value}n` : JSON.stringify(expression.value);
      case "float":
        return `float(${Number.isFinite(expression.value) ? expression.value : "Infinity"})`;
      case "name":
        return this.name(expression.name);
      case "list":
        return `[${this.#list(expression.items)}]`;
      case "tuple":
        return `tuple([${this.#list(expression.items)}])`;
      case "dict":
        return `dict([${expression.entries.map(({ key, value }) => `${this.write(key)}, ${this.write(value)}`).join(", ")}], ${at2})`;
      case "attribute":
        return `attribute(${this.write(expression.object)}, ${JSON.stringify(expression.name)}, $r, ${at2})`;
      case "item":
        return `item(${this.write(expression.object)}, ${this.write(expression.key)}, $r, ${at2})`;
      case "slice": {
        const bounds = [expression.start, expression.stop, expression.step];
        return `slice(${this.write(expression.object)}, ${bounds.map((bound) => bound ? this.write(bound) : "null").join(", ")}, ${at2})`;
      }
      case "call":
        return this.call(expression);
      case "filter":
        return this.filter(this.write(expression.input), expression);
      case "test": {
        const given = this.#arguments(expression.arguments);
        const test = `tests[${JSON.stringify(expression.name)}](${this.write(expression.input)}, ${given.positional}, $r, ${at2})`;
        return expression.negated ? `!${test}` : test;
      }
      case "unary":
        if (expression.operator === "not") return `!${this.condition(expression.operand)}`;
        return `signed(${JSON.stringify(expression.operator)}, ${this.write(expression.operand)}, ${at2})`;
      case "binary":
        return `operate(${JSON.stringify(expression.operator)}, ${this.write(expression.left)}, ${this.write(expression.right)}, ${at2})`;
      case "logical": {
        const left = `truthy($t = ${this.write(expression.left)})`;
        const right = this.write(expression.right);
        return expression.operator === "and" ? `(${left} ? ${right} : $t)` : `(${left} ? $t : ${right})`;
      }
      case "concat":
        return `concat([${this.#list(expression.parts)}], ${at2})`;
      case "compare":
        return this.#compare(expression);
      case "conditional": {
        const otherwise = expression.otherwise ? this.write(expression.otherwise) : "nothing";
        return `(${this.condition(expression.test)} ? ${this.write(expression.whenTrue)} : ${otherwise})`;
      }
      default:
        return assertNever(expression);
    }
  }
  /** An expression as a JavaScript condition, in parentheses. */
  condition(expression) {
    const code = this.write(expression);
    return isBoolean(expression) ? `(${code})` : `truthy(${code})`;
  }
  name(name) {
    return this.#find(name) ?? `lookup($c, ${JSON.stringify(name)})`;
  }
  /** A call; `caller` is the code of the body of a call block. */
  call(expression, caller) {
    const { callee, at: at2 } = expression;
    const given = this.#arguments(expression.arguments, caller);
    const called = callee.kind === "attribute" ? `callMethod(${this.write(callee.object)}, ${JSON.stringify(callee.name)}, ${given.positional}, ${given.keywords}, $r, $p = ${at2})` : `call(${this.write(callee)}, ${given.positional}, ${given.keywords}, $r, $p = ${at2})`;
    return this.#mode === "sync" ? called : `(($x = ${called}) instanceof Waiting ? yield* $x.steps : $x)`;
  }
  filter(input, step2) {
    const given = this.#arguments(step2.arguments);
    return `filters[${JSON.stringify(step2.name)}](${input}, ${given.positional}, ${given.keywords}, $r, $p = ${step2.at})`;
  }
  #arguments(given, caller) {
    const positional = given.positional.map(
      ({ value, spread }) => spread ? `...iterate(${this.write(value)}, $p = ${value.at})` : this.write(value)
    );
    const keywords2 = given.keywords.map(
      ({ name, value }) => name === void 0 ? `...keywords(${this.write(value)}, $p = ${value.at})` : `[${JSON.stringify(name)}]: ${this.write(value)}`
    );
    if (caller !== void 0) keywords2.push(`caller: ${caller}`);
    return {
      positional: `[${positional.join(", ")}]`,
      keywords: keywords2.length === 0 ? "null" : `{ __proto__: null, ${keywords2.join(", ")} }`
    };
  }
  #list(items) {
    return items.map((item2) => this.write(item2)).join(", ");
  }
  /** `a < b < c` evaluates each operand once. */
  #compare(expression) {
    let left = this.write(expression.first);
    const last = expression.rest.length - 1;
    const steps = expression.rest.map(({ operator, operand }, index2) => {
      const right = this.write(operand);
      const step2 = comparison(operator, left, index2 === last ? right : `$t = ${right}`, expression.at);
      left = "$t";
      return step2;
    });
    return steps.length === 1 ? steps[0] : `(${steps.join(" && ")})`;
  }
};
function isBoolean(expression) {
  return expression.kind === "compare" || expression.kind === "test" || expression.kind === "unary" && expression.operator === "not";
}
function comparison(operator, left, right, at2) {
  switch (operator) {
    case "==":
      return `equals(${left}, ${right}, $p = ${at2})`;
    case "!=":
      return `!equals(${left}, ${right}, $p = ${at2})`;
    case "in":
      return `isIn(${left}, ${right}, $p = ${at2})`;
    case "not in":
      return `!isIn(${left}, ${right}, $p = ${at2})`;
    default:
      return `(compare(${left}, ${right}, ${JSON.stringify(operator)}, $p = ${at2}) ${operator} 0)`;
  }
}

// transform/jinja/scope.ts
var Scope = class {
  #parent;
  #variables = /* @__PURE__ */ new Map();
  constructor(parent) {
    this.#parent = parent;
  }
  declare(name, variable) {
    this.#variables.set(name, variable);
  }
  /** The variable of a name here or further out; undefined when the context has to be asked. */
  find(name) {
    return this.#variables.get(name) ?? this.#parent?.find(name);
  }
};
function assignedNames(body, names2 = /* @__PURE__ */ new Set()) {
  for (const statement of body) {
    if (statement.kind === "set" || statement.kind === "set-block") targetNames(statement.target, names2);
    else if (statement.kind === "definition" && statement.definition.kind === "macro")
      names2.add(statement.definition.name);
    else if (statement.kind === "if") {
      for (const branch of statement.branches) assignedNames(branch.body, names2);
      assignedNames(statement.otherwise, names2);
    }
  }
  return names2;
}
function targetNames(target, names2 = /* @__PURE__ */ new Set()) {
  if (target.kind === "name") names2.add(target.name);
  else if (target.kind === "tuple") for (const item2 of target.items) targetNames(item2, names2);
  return names2;
}
function readsName(body, name) {
  return body.some((statement) => statementReads(statement, name));
}
function statementReads(statement, name) {
  const reads = (expression) => expression !== void 0 && expressionReads(expression, name);
  const within = (body) => readsName(body, name);
  switch (statement.kind) {
    case "output":
    case "do":
      return reads(statement.expression);
    case "if":
      return statement.branches.some((branch) => reads(branch.test) || within(branch.body)) || within(statement.otherwise);
    case "for":
      return reads(statement.iterable) || reads(statement.condition) || within(statement.body) || within(statement.otherwise);
    case "set":
      return reads(statement.value);
    case "set-block":
    case "filter-block":
      return statement.filters.some((step2) => argumentsRead(step2.arguments, name)) || within(statement.body);
    case "call-block":
      return reads(statement.call) || statement.parameters.some((parameter) => reads(parameter.default)) || within(statement.body);
    case "with":
      return statement.assignments.some((assignment) => reads(assignment.value)) || within(statement.body);
    default:
      return false;
  }
}
function expressionReads(expression, name) {
  const reads = (inner) => inner !== void 0 && expressionReads(inner, name);
  switch (expression.kind) {
    case "name":
      return expression.name === name;
    case "list":
    case "tuple":
      return expression.items.some(reads);
    case "dict":
      return expression.entries.some((entry) => reads(entry.key) || reads(entry.value));
    case "attribute":
      return reads(expression.object);
    case "item":
      return reads(expression.object) || reads(expression.key);
    case "slice":
      return reads(expression.object) || reads(expression.start) || reads(expression.stop) || reads(expression.step);
    case "call":
      return reads(expression.callee) || argumentsRead(expression.arguments, name);
    case "filter":
    case "test":
      return reads(expression.input) || argumentsRead(expression.arguments, name);
    case "unary":
      return reads(expression.operand);
    case "binary":
    case "logical":
      return reads(expression.left) || reads(expression.right);
    case "concat":
      return expression.parts.some(reads);
    case "compare":
      return reads(expression.first) || expression.rest.some((step2) => reads(step2.operand));
    case "conditional":
      return reads(expression.test) || reads(expression.whenTrue) || reads(expression.otherwise);
    default:
      return false;
  }
}
function argumentsRead(given, name) {
  return given.positional.some((argument) => expressionReads(argument.value, name)) || given.keywords.some((keyword) => expressionReads(keyword.value, name));
}

// transform/jinja/codegen.ts
function generateTemplate(body, mode, output) {
  return new CodeWriter(mode).template(body, output);
}
function generateDefinition(definition, mode) {
  const { parameters, body } = definition;
  return new CodeWriter(mode).macroFunction(parameters, body, {
    scope: void 0,
    parameters: "$r, $c, $a",
    returns: true
  });
}
function signatureOf(parameters, body) {
  return {
    names: parameters.map((parameter) => parameter.name),
    varargs: readsName(body, "varargs"),
    kwargs: readsName(body, "kwargs"),
    caller: readsName(body, "caller") || parameters.some((parameter) => parameter.name === "caller")
  };
}
var CodeWriter = class {
  #mode;
  #counter = 0;
  /** The variable that output goes to, and whether it collects values instead of text. */
  #output = { variable: "$o", values: false };
  #scope = new Scope();
  #expressions;
  constructor(mode) {
    this.#mode = mode;
    this.#expressions = new ExpressionWriter(mode, (name) => this.#scope.find(name));
  }
  template(body, output) {
    const values2 = output === "values";
    this.#output = { variable: "$o", values: values2 };
    const code = this.#scopeBody(body);
    return this.#function(
      "$r, $c",
      `let $o = ${values2 ? "[]" : "''"};
${code}return ${values2 ? "$o" : "finish($r, $o)"};
`,
      false
    );
  }
  macroFunction(parameters, body, shape) {
    const signature = signatureOf(parameters, body);
    const output = this.#output;
    const outer = this.#scope;
    this.#scope = new Scope(shape.scope);
    this.#output = { variable: "$o", values: false };
    const code = this.#parameters(parameters, signature) + this.#scopeBody(body);
    this.#scope = outer;
    this.#output = output;
    return this.#function(shape.parameters, `let $o = '';
${code}return finish($r, $o);
`, shape.returns);
  }
  #function(parameters, body, returns) {
    const caught = returns ? "if ($e instanceof MacroReturn) return $e.value;\n" : "";
    return `function${this.#star}(${parameters}) {
let $p = 0, $x, $t;
enter($r);
try {
${body}} catch ($e) {
${caught}throw fail($s, $e, $p);
} finally {
$r.depth--;
}
}`;
  }
  get #star() {
    return this.#mode === "async" ? "*" : "";
  }
  #parameters(parameters, signature) {
    let code = "";
    parameters.forEach((parameter, index2) => {
      const preset = parameter.default ? this.#expressions.write(parameter.default) : `undefinedParameter(${JSON.stringify(parameter.name)})`;
      const variable = this.#variable();
      code += `let ${variable} = $a[${index2}] === undefined ? ${preset} : $a[${index2}];
`;
      this.#scope.declare(parameter.name, variable);
    });
    const extras = ["varargs", "kwargs", "caller"].filter(
      (name) => signature[name] && !signature.names.includes(name)
    );
    for (const name of extras) {
      const variable = this.#variable();
      code += `let ${variable} = $a.${name};
`;
      this.#scope.declare(name, variable);
    }
    return code;
  }
  #variable() {
    return `v${this.#counter++}`;
  }
  /** The statements of the current scope, with the variables that they assign declared first. */
  #scopeBody(body) {
    const declared = this.#declareAssigned(body);
    return declared + this.#statements(body);
  }
  #declareAssigned(body) {
    let code = "";
    for (const name of assignedNames(body)) {
      const outside = this.#expressions.name(name);
      const variable = this.#variable();
      code += `let ${variable} = ${outside};
`;
      this.#scope.declare(name, variable);
    }
    return code;
  }
  /** Writes code in a scope of its own. */
  #inScope(write2) {
    const outer = this.#scope;
    this.#scope = new Scope(outer);
    const code = write2();
    this.#scope = outer;
    return code;
  }
  #statements(body) {
    let code = "";
    for (const statement of body) code += this.#statement(statement);
    return code;
  }
  #statement(statement) {
    switch (statement.kind) {
      case "text":
        return this.#emit(JSON.stringify(statement.text), true);
      case "output":
        return this.#emit(this.#expressions.write(statement.expression), false);
      case "do":
        return `${this.#expressions.write(statement.expression)};
`;
      case "if":
        return this.#if(statement);
      case "for":
        return statement.recursive ? this.#recursiveFor(statement) : this.#for(statement);
      case "set":
        return this.#assign(statement.target, this.#expressions.write(statement.value), statement.at);
      case "set-block":
        return this.#block(
          statement.body,
          statement.filters,
          (value) => this.#assign(statement.target, value, statement.at)
        );
      case "filter-block":
        return this.#block(statement.body, statement.filters, (value) => this.#emit(value, true));
      case "call-block":
        return this.#callBlock(statement);
      case "with":
        return this.#with(statement);
      case "break":
      case "continue":
        return `${statement.kind};
`;
      case "definition":
        return this.#definition(statement.definition);
      default:
        return assertNever(statement);
    }
  }
  #emit(expression, isText) {
    const { variable, values: values2 } = this.#output;
    if (values2) return `${variable}.push(${expression});
`;
    return `${variable} += ${isText ? expression : `str(${expression})`};
`;
  }
  #if(statement) {
    let code = "";
    for (const branch of statement.branches)
      code += `${code ? " else " : ""}if (${this.#expressions.condition(branch.test)}) {
${this.#statements(branch.body)}}`;
    if (statement.otherwise.length > 0) code += ` else {
${this.#statements(statement.otherwise)}}`;
    return `${code}
`;
  }
  #for(statement) {
    const items = this.#variable();
    const iterable = this.#expressions.write(statement.iterable);
    const list3 = `const ${items} = ${this.#filtered(statement, `iterate(${iterable}, $p = ${statement.at})`)};
`;
    const usesLoop = readsName(statement.body, "loop");
    const loop = usesLoop ? this.#variable() : void 0;
    const made = loop ? `const ${loop} = new Loop(${items}, 0);
` : "";
    const code = `{
${list3}${made}${this.#turns(statement, items, loop)}`;
    return `${code}${this.#loopElse(statement, items)}}
`;
  }
  #turns(statement, items, loop) {
    const index2 = this.#variable();
    const { variable, values: values2 } = this.#output;
    const head = `for (let ${index2} = 0; ${index2} < ${items}.length; ${index2}++) {
step($r, ${values2 ? "0" : `${variable}.length`});
`;
    return this.#inScope(() => {
      let code = head;
      if (loop) {
        this.#scope.declare("loop", loop);
        code += `${loop}.index = ${index2};
`;
      }
      code += this.#bind(statement.target, `${items}[${index2}]`, statement.at);
      return `${code}${this.#scopeBody(statement.body)}}
`;
    });
  }
  #loopElse(statement, items) {
    if (statement.otherwise.length === 0) return "";
    return `if (${items}.length === 0) {
${this.#inScope(() => this.#scopeBody(statement.otherwise))}}
`;
  }
  /** The items that the loop's condition lets through. */
  #filtered(statement, items) {
    const { condition } = statement;
    if (!condition) return items;
    return this.#inScope(() => {
      const item2 = this.#variable();
      const kept = this.#variable();
      const bound = this.#bind(statement.target, item2, statement.at);
      const test = this.#expressions.condition(condition);
      const code = `const ${kept} = [];
for (const ${item2} of $items) {
step($r, 0);
${bound}if (${test}) ${kept}.push(${item2});
}
return ${kept};
`;
      const call2 = `(function${this.#star}($items) {
${code}})(${items})`;
      return this.#mode === "async" ? `yield* ${call2}` : call2;
    });
  }
  /** A loop that calls itself: `{{ loop(item.children) }}`. It is a function that returns its text. */
  #recursiveFor(statement) {
    const loop = this.#variable();
    const items = this.#variable();
    const output = this.#output;
    this.#output = { variable: "$o", values: false };
    const kept = this.#filtered(statement, "$given");
    const body = `enter($r);
try {
let $o = '';
const ${items} = ${kept};
const ${loop} = new Loop(${items}, $depth, $self);
${this.#turns(statement, items, loop)}${this.#loopElse(statement, items)}return $o;
} finally {
$r.depth--;
}
`;
    this.#output = output;
    const recursion = this.#variable();
    const iterable = `iterate(${this.#expressions.write(statement.iterable)}, $p = ${statement.at})`;
    const first = `${recursion}($r, ${iterable}, 0, ${recursion})`;
    const run = this.#mode === "async" ? `(yield* ${first})` : first;
    return `{
const ${recursion} = function${this.#star}($r, $given, $depth, $self) {
${body}};
${this.#emit(run, true)}}
`;
  }
  /** Declares the names of a loop's or a with's target. */
  #bind(target, value, at2) {
    const names2 = targetNames(target);
    for (const name of names2) this.#scope.declare(name, this.#variable());
    const variables = [...names2].map((name) => this.#scope.find(name));
    return `let ${variables.join(", ")};
${this.#assign(target, value, at2)}`;
  }
  /** Assigns to variables that are declared. */
  #assign(target, value, at2) {
    switch (target.kind) {
      case "name":
        return `${this.#scope.find(target.name)} = ${value};
`;
      case "namespace": {
        const object4 = this.#expressions.name(target.object);
        return `setAttribute(${object4}, ${JSON.stringify(target.attribute)}, ${value}, $p = ${at2});
`;
      }
      default: {
        const parts2 = this.#variable();
        const code = `const ${parts2} = unpack(${value}, ${target.items.length}, $p = ${at2});
`;
        const assigned = target.items.map((item2, index2) => this.#assign(item2, `${parts2}[${index2}]`, at2));
        return `{
${code}${assigned.join("")}}
`;
      }
    }
  }
  /** A body whose text becomes a value. */
  #block(body, filters2, use) {
    const output = this.#output;
    const variable = this.#variable();
    this.#output = { variable, values: false };
    const code = this.#inScope(() => this.#scopeBody(body));
    this.#output = output;
    const value = filters2.reduce((input, step2) => this.#expressions.filter(input, step2), variable);
    return `{
let ${variable} = '';
${code}${use(value)}}
`;
  }
  #callBlock(statement) {
    const { parameters, body, call: call2 } = statement;
    const caller = this.macroFunction(parameters, body, { scope: this.#scope, parameters: "$r, $a", returns: false });
    const signature = JSON.stringify(signatureOf(parameters, body));
    const made = `new LocalMacro('caller', ${signature}, ${caller})`;
    return this.#emit(this.#expressions.call(call2, made), false);
  }
  #with(statement) {
    const values2 = statement.assignments.map(({ value }) => {
      const variable = this.#variable();
      return { variable, code: `const ${variable} = ${this.#expressions.write(value)};
` };
    });
    const body = this.#inScope(() => {
      const bound = statement.assignments.map(
        ({ target }, index2) => this.#bind(target, values2[index2]?.variable, statement.at)
      );
      return bound.join("") + this.#inScope(() => this.#scopeBody(statement.body));
    });
    return `{
${values2.map(({ code }) => code).join("")}${body}}
`;
  }
  /**
   * A macro inside a template is found behind the context, so that the project can override it. The other blocks
   * (tests, snapshots …) are collected when files are loaded and print nothing here.
   */
  #definition(definition) {
    if (definition.kind !== "macro") return "";
    const { name, parameters, body } = definition;
    const source = this.macroFunction(parameters, body, { scope: this.#scope, parameters: "$r, $a", returns: true });
    const signature = JSON.stringify(signatureOf(parameters, body));
    const text4 = JSON.stringify(name);
    return `${this.#scope.find(name)} = override($c, ${text4}) ?? new LocalMacro(${text4}, ${signature}, ${source});
`;
  }
};

// transform/jinja/context.ts
function toContext(given) {
  if (given instanceof Map) return { get: (name) => given.get(name), names: () => given.keys() };
  if (isContext(given)) return given;
  return {
    get: (name) => Object.hasOwn(given, name) ? given[name] : void 0,
    names: () => Object.keys(given)
  };
}
function isContext(given) {
  return typeof given.get === "function";
}

// transform/jinja/iterate.ts
function iterate(value) {
  if (Array.isArray(value)) return value;
  const items = tryIterate(value);
  if (!items) throw new RuntimeFault(`a value of type '${typeName(value)}' cannot be iterated`);
  return items;
}
function tryIterate(value) {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return Array.from(codePoints(value));
  if (isUndefined(value)) return [];
  if (isMapping(value)) return mappingKeys(value);
  if (value instanceof PySet) return [...value];
  const items = value instanceof HostObject ? value.iterate() : void 0;
  return items && (Array.isArray(items) ? items : [...items]);
}

// transform/jinja/methods.ts
function methodTable(table2) {
  return Object.assign(/* @__PURE__ */ Object.create(null), table2);
}

// transform/jinja/dict-methods.ts
var dictMethods = methodTable({
  get(self, args, kwargs) {
    const [key, preset] = readArguments("get", ["key", "default?"], args, kwargs);
    return mappingHas(self, key) ? mappingGet(self, key) : preset ?? null;
  },
  keys: (self) => view("dict_keys", mappingKeys(self)),
  values: (self) => view(
    "dict_values",
    mappingEntries(self).map(([, value]) => value)
  ),
  items: (self) => view("dict_items", mappingEntries(self).map(tuple)),
  update(self, args, kwargs) {
    for (const source of args) updateFrom(self, source);
    for (const key of Object.keys(kwargs ?? {})) mappingSet(self, key, kwargs?.[key]);
  },
  pop(self, args, kwargs) {
    const [key, preset] = readArguments("pop", ["key", "default?"], args, kwargs);
    if (!mappingHas(self, key)) {
      if (args.length > 1 || kwargs && "default" in kwargs) return preset;
      throw new RuntimeFault(`pop: the dict has no key ${repr(key)}`);
    }
    const value = mappingGet(self, key);
    mappingDelete(self, key);
    return value;
  },
  popitem(self) {
    const last = mappingEntries(self).at(-1);
    if (!last) throw new RuntimeFault("popitem: the dict is empty");
    mappingDelete(self, last[0]);
    return tuple(last);
  },
  setdefault(self, args, kwargs) {
    const [key, preset] = readArguments("setdefault", ["key", "default?"], args, kwargs);
    if (!mappingHas(self, key)) mappingSet(self, key, preset ?? null);
    return mappingGet(self, key);
  },
  clear(self) {
    for (const key of mappingKeys(self)) mappingDelete(self, key);
  },
  copy: (self) => copyMapping(self),
  fromkeys: (_self, args) => {
    const made = new Dict();
    for (const key of iterate(args[0])) made.set(key, args[1] ?? null);
    return made;
  }
});
function copyMapping(self) {
  const copy = new Dict();
  for (const [key, value] of mappingEntries(self)) copy.set(key, value);
  return copy;
}
function updateFrom(self, source) {
  if (isMapping(source)) {
    for (const [key, value] of mappingEntries(source)) mappingSet(self, key, value);
    return;
  }
  for (const pair of iterate(source)) {
    const parts2 = iterate(pair);
    if (parts2.length !== 2) throw new RuntimeFault(`a pair of key and value is needed, got ${repr(pair)}`);
    mappingSet(self, parts2[0], parts2[1]);
  }
}

// transform/jinja/sort.ts
function sorted(items, options = {}) {
  const key = options.key ?? ((item2) => item2);
  const sign = options.reverse ? -1 : 1;
  return [...items].map((item2) => ({ item: item2, key: key(item2) })).sort((a, b) => sign * compare(a.key, b.key)).map(({ item: item2 }) => item2);
}

// transform/jinja/list-methods.ts
var listMethods = methodTable({
  append(self, args, kwargs) {
    const [item2] = readArguments("append", ["item"], args, kwargs);
    limits.items(self.length + 1);
    self.push(item2);
  },
  extend(self, args, kwargs) {
    const items = [...iterate(readArguments("extend", ["items"], args, kwargs)[0])];
    limits.items(self.length + items.length);
    for (const item2 of items) self.push(item2);
  },
  insert(self, args, kwargs) {
    const [index2, item2] = readArguments("insert", ["index", "item"], args, kwargs);
    const at2 = toIndex(index2, "the index");
    self.splice(at2 < 0 ? Math.max(0, at2 + self.length) : at2, 0, item2);
  },
  pop(self, args, kwargs) {
    const [index2] = readArguments("pop", ["index?"], args, kwargs);
    const at2 = index2 === void 0 ? self.length - 1 : toIndex(index2, "the index");
    if (self.length === 0) throw new RuntimeFault("pop from an empty list");
    if (at2 >= self.length || at2 < -self.length) throw new RuntimeFault(`pop: the list has no item ${at2}`);
    return self.splice(at2, 1)[0];
  },
  remove(self, args, kwargs) {
    const [item2] = readArguments("remove", ["item"], args, kwargs);
    self.splice(position(self, item2, "remove"), 1);
  },
  clear(self) {
    self.length = 0;
  },
  reverse(self) {
    self.reverse();
  },
  sort(self, args, kwargs) {
    const [, reverse] = readArguments("sort", ["key?", "reverse?"], args, kwargs);
    const order = sorted(self, { reverse: reverse === true });
    self.splice(0, self.length, ...order);
  },
  copy: (self) => [...self],
  count: (self, args) => self.filter((item2) => equals(item2, args[0])).length,
  index: (self, args) => position(self, args[0], "index")
});
var tupleMethods = methodTable({
  count: (self, args) => self.filter((item2) => equals(item2, args[0])).length,
  index: (self, args) => position(self, args[0], "index")
});
function position(self, item2, method) {
  const at2 = self.findIndex((other) => equals(other, item2));
  if (at2 === -1) throw new RuntimeFault(`${method}: ${repr(item2)} is not in the list`);
  return at2;
}

// transform/jinja/number-methods.ts
var numberMethods = methodTable({
  is_integer: (self) => Number.isInteger(Number(numberOf(self))),
  bit_length: (self) => {
    const value = BigInt(Math.trunc(Number(numberOf(self))));
    return value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length;
  }
});

// transform/jinja/set-methods.ts
var setMethods = methodTable({
  add(self, args) {
    self.entries.set(args[0], true);
  },
  discard(self, args) {
    self.entries.delete(args[0]);
  },
  remove(self, args) {
    self.entries.delete(args[0]);
  },
  update(self, args) {
    for (const other of args) for (const item2 of iterate(other)) self.entries.set(item2, true);
  },
  clear(self) {
    self.entries.clear();
  },
  pop(self) {
    const [first] = self;
    self.entries.delete(first);
    return first;
  },
  copy: (self) => new PySet(self),
  union: (self, args) => new PySet([...self, ...args.flatMap((other) => [...iterate(other)])]),
  intersection: (self, args) => new PySet([...self].filter((item2) => args.every((other) => asSet(other).has(item2)))),
  difference: (self, args) => new PySet([...self].filter((item2) => !args.some((other) => asSet(other).has(item2)))),
  symmetric_difference(self, args) {
    const other = asSet(args[0]);
    return new PySet([
      ...[...self].filter((item2) => !other.has(item2)),
      ...[...other].filter((item2) => !self.has(item2))
    ]);
  },
  issubset: (self, args) => [...self].every((item2) => asSet(args[0]).has(item2)),
  issuperset: (self, args) => [...asSet(args[0])].every((item2) => self.has(item2)),
  isdisjoint: (self, args) => ![...asSet(args[0])].some((item2) => self.has(item2))
});
function asSet(value) {
  return value instanceof PySet ? value : new PySet(iterate(value));
}

// transform/jinja/brace-format.ts
function formatBraces(format, args, kwargs) {
  let automatic = 0;
  let text4 = "";
  let at2 = 0;
  const resolve4 = (name) => fieldValue(name === "" || /^[.[]/.test(name) ? `${automatic++}${name}` : name, args, kwargs);
  for (const part of format.matchAll(/\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g)) {
    text4 += format.slice(at2, part.index);
    at2 = part.index + part[0].length;
    if (part[0] === "{{" || part[0] === "}}") text4 += part[0][0];
    else if (part[0] === "{" || part[0] === "}")
      throw new RuntimeFault(`a single '${part[0]}' in a format: write '${part[0]}${part[0]}'`);
    else {
      const value = resolve4(part[1].trim());
      const spec = (part[3] ?? "").replace(/\{([^{}]*)\}/g, (_whole, name) => str(resolve4(name)));
      text4 += formatValue(part[2] === void 0 ? value : part[2] === "s" ? str(value) : repr(value), spec);
    }
  }
  return limits.text(text4 + format.slice(at2));
}
function fieldValue(field, args, kwargs) {
  const [, head = "", path = ""] = /^([^.[]*)(.*)$/s.exec(field) ?? [];
  let value = /^\d+$/.test(head) ? args[Number(head)] : Object.hasOwn(kwargs, head) ? kwargs[head] : void 0;
  if (value === void 0) throw new RuntimeFault(`the format has no value for '${head}'`);
  for (const [, name, key] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
    value = member(value, name ?? key);
    if (value === void 0) throw new RuntimeFault(`the format cannot reach '${field}'`);
  }
  return value;
}
function member(value, name) {
  if (value instanceof HostObject) return value.getAttribute(name);
  if (Array.isArray(value)) return value[Number(name)];
  return isMapping(value) ? mappingGet(value, name) : void 0;
}
var specification = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;
function formatValue(value, spec) {
  if (spec === "") return str(value);
  const match = specification.exec(spec);
  if (!match) throw new RuntimeFault(`the format specification '${spec}' is not understood`);
  const [, fillMark, alignMark, sign = "-", alternate, zero, width = "0", grouping, precision, type = ""] = match;
  limits.characters(Number(width) + Number(precision ?? 0));
  const isNumber = numberOf(value) !== void 0 && typeof value !== "boolean" && type !== "s";
  const body = isNumber ? formatNumber(value, {
    type: type === "n" ? "d" : type,
    sign,
    precision: precision === void 0 ? void 0 : Number(precision),
    alternate: alternate !== void 0,
    ...grouping === void 0 ? {} : { grouping }
  }) : str(value).slice(0, precision === void 0 ? void 0 : Number(precision));
  const fill = fillMark ?? (zero ? "0" : " ");
  const align = alignMark ?? (zero && isNumber ? "=" : isNumber ? ">" : "<");
  if (align === "=") {
    const [, mark = "", digits = ""] = /^([-+ ]?)(.*)$/s.exec(body) ?? [];
    return mark + padText(digits, Number(width) - mark.length, fill, "start");
  }
  return padText(body, Number(width), fill, align === "<" ? "end" : align === ">" ? "start" : "both");
}

// transform/jinja/string-methods.ts
var stringMethods = methodTable({
  lower: (self) => self.toLowerCase(),
  upper: (self) => self.toUpperCase(),
  casefold: (self) => self.toLowerCase().replaceAll("\xDF", "ss"),
  capitalize,
  title,
  swapcase: (self) => Array.from(self, (c) => c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()).join(""),
  strip: (self, args, kwargs) => strip(self, readArguments("strip", ["chars?"], args, kwargs)[0], true, true),
  lstrip: (self, args, kwargs) => strip(self, readArguments("lstrip", ["chars?"], args, kwargs)[0], true, false),
  rstrip: (self, args, kwargs) => strip(self, readArguments("rstrip", ["chars?"], args, kwargs)[0], false, true),
  split,
  rsplit,
  splitlines,
  join: (self, args, kwargs) => joinText(self, readArguments("join", ["items"], args, kwargs)[0]),
  replace: (self, args, kwargs) => {
    const [from, to, count] = readArguments("replace", ["old", "new", "count?"], args, kwargs);
    return replaceText(self, textArgument("replace", from, "old"), textArgument("replace", to, "new"), count);
  },
  startswith: (self, args, kwargs) => hasAffix("startswith", self, args, kwargs),
  endswith: (self, args, kwargs) => hasAffix("endswith", self, args, kwargs),
  removeprefix: (self, args) => {
    const prefix = textArgument("removeprefix", args[0]);
    return self.startsWith(prefix) ? self.slice(prefix.length) : self;
  },
  removesuffix: (self, args) => {
    const suffix = textArgument("removesuffix", args[0]);
    return suffix !== "" && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
  },
  find: (self, args) => search("find", self, args, false),
  rfind: (self, args) => search("rfind", self, args, true),
  index: (self, args) => found("index", search("index", self, args, false)),
  rindex: (self, args) => found("rindex", search("rindex", self, args, true)),
  count: (self, args) => countText(self, textArgument("count", args[0])),
  partition: (self, args) => partition(self, textArgument("partition", args[0]), false),
  rpartition: (self, args) => partition(self, textArgument("rpartition", args[0]), true),
  format: (self, args, kwargs) => formatBraces(self, args, kwargs ?? {}),
  format_map: (self, args) => {
    if (!isMapping(args[0])) throw new RuntimeFault(`format_map() needs a dict, got '${typeName(args[0])}'`);
    return formatBraces(self, [], Object.fromEntries(mappingEntries(args[0])));
  },
  zfill: (self, args) => zeroFill(self, toIndex(args[0], "the width")),
  ljust: (self, args) => pad(self, args, "end"),
  rjust: (self, args) => pad(self, args, "start"),
  center: (self, args) => pad(self, args, "both"),
  expandtabs: (self, args) => self.replaceAll("	", " ".repeat(Math.min(64, toIndex(args[0] ?? 8, "the tab size")))),
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  isdecimal: (self) => /^\p{Nd}+$/u.test(self),
  isnumeric: (self) => /^\p{N}+$/u.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self) => /^\s+$/u.test(self),
  isascii: (self) => /^[\0-\x7f]*$/.test(self),
  isidentifier: (self) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(self),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  istitle: (self) => /\p{L}/u.test(self) && self === title(self),
  encode: (self) => self,
  translate: (self, args) => translate(self, args[0])
});
function capitalize(self) {
  const [first = "", ...rest] = codePoints(self);
  return first.toUpperCase() + rest.join("").toLowerCase();
}
function title(self) {
  return self.replace(/\p{L}+/gu, (word) => capitalize(word));
}
function joinText(separator, items) {
  const parts2 = iterate(items);
  parts2.forEach((part, index2) => {
    if (typeof part !== "string")
      throw new RuntimeFault(
        `join() needs text, got '${typeName(part)}' as item ${index2}`,
        "JINJA_RUNTIME",
        "The filter 'join' takes any values."
      );
  });
  return limits.text(parts2.join(separator));
}
function replaceText(text4, from, to, count) {
  const most = count === void 0 || count === null ? -1 : toIndex(count, "the count");
  const occurrences = countText(text4, from);
  const times = most < 0 ? occurrences : Math.min(most, occurrences);
  limits.characters(text4.length + times * (to.length - from.length));
  if (times === occurrences && from !== "") return text4.replaceAll(from, () => to);
  let done = "";
  let at2 = 0;
  for (let turn = 0; turn < times; turn++) {
    const next = from === "" ? at2 + (turn === 0 ? 0 : 1) : text4.indexOf(from, at2);
    done += text4.slice(at2, next) + to;
    at2 = next + from.length;
  }
  return done + text4.slice(at2);
}
function countText(text4, part) {
  if (part === "") return codePoints(text4).length + 1;
  let count = 0;
  for (let at2 = text4.indexOf(part); at2 !== -1; at2 = text4.indexOf(part, at2 + part.length)) count++;
  return count;
}
function strip(self, characters, start, end) {
  if (characters === void 0 || characters === null) {
    if (start && end) return self.trim();
    return start ? self.trimStart() : self.trimEnd();
  }
  const set2 = new Set(textArgument("strip", characters));
  const points = Array.from(self);
  let from = 0;
  let to = points.length;
  while (start && from < to && set2.has(points[from])) from++;
  while (end && to > from && set2.has(points[to - 1])) to--;
  return points.slice(from, to).join("");
}
function split(self, args, kwargs) {
  const [separator, most] = splitArguments("split", args, kwargs);
  if (separator === null) {
    const words3 = self.trim() === "" ? [] : self.trim().split(/\s+/);
    if (most < 0 || words3.length <= most + 1) return words3;
    const pattern = new RegExp(`^\\s*${"(\\S+)\\s+".repeat(most)}([^]*)$`);
    return pattern.exec(self).slice(1);
  }
  const parts2 = self.split(separator);
  return most < 0 || parts2.length <= most + 1 ? parts2 : [...parts2.slice(0, most), parts2.slice(most).join(separator)];
}
function rsplit(self, args, kwargs) {
  const [separator, most] = splitArguments("rsplit", args, kwargs);
  if (most < 0) return split(self, args, kwargs);
  if (separator === null) {
    const reversed = [...self.trim()].reverse().join("");
    const parts3 = split(reversed, [null, most], null);
    return parts3.map((part) => [...part].reverse().join("")).reverse();
  }
  const parts2 = self.split(separator);
  const cut = Math.max(0, parts2.length - most);
  return cut <= 1 ? parts2 : [parts2.slice(0, cut).join(separator), ...parts2.slice(cut)];
}
function splitArguments(name, args, kwargs) {
  const [separator, most] = readArguments(name, ["sep?", "maxsplit?"], args, kwargs);
  const limit = Math.min(most === void 0 || most === null ? -1 : toIndex(most, "maxsplit"), 1e3);
  if (separator === void 0 || separator === null) return [null, limit];
  if (separator === "") throw new RuntimeFault(`${name}() needs a separator that is not empty`);
  return [textArgument(name, separator, "sep"), limit];
}
var breaks = String.raw`\n\r\v\f\x1c-\x1e\x85\u2028\u2029`;
var lineEnd = new RegExp(`(?:\\r\\n|[${breaks}])$`);
var lineWithEnd = new RegExp(`[^${breaks}]*(?:\\r\\n|[${breaks}])|[^${breaks}]+$`, "g");
function splitlines(self, args, kwargs) {
  const [keep] = readArguments("splitlines", ["keepends?"], args, kwargs);
  const lines = self.match(lineWithEnd) ?? [];
  return keep ? [...lines] : lines.map((line) => line.replace(lineEnd, ""));
}
function hasAffix(name, self, args, kwargs) {
  const [affix, start, end] = readArguments(name, ["prefix", "start?", "end?"], args, kwargs);
  const text4 = start === void 0 && end === void 0 ? self : sliceIndices(self.length, start, end, 1).map((index2) => self[index2]).join("");
  const affixes = affix instanceof Tuple ? [...affix] : [affix];
  return affixes.some(
    (each) => name === "startswith" ? text4.startsWith(textArgument(name, each)) : text4.endsWith(textArgument(name, each))
  );
}
function search(name, self, args, last) {
  const part = textArgument(name, args[0]);
  const points = codePoints(self);
  const start = args[1] === void 0 || args[1] === null ? 0 : toIndex(args[1], "the start");
  const end = args[2] === void 0 || args[2] === null ? points.length : toIndex(args[2], "the end");
  const from = start < 0 ? Math.max(0, start + points.length) : start;
  const to = end < 0 ? Math.max(0, end + points.length) : Math.min(end, points.length);
  if (from > to) return -1;
  const window = typeof points === "string" ? points.slice(from, to) : points.slice(from, to).join("");
  const at2 = last ? window.lastIndexOf(part) : window.indexOf(part);
  if (at2 === -1) return -1;
  return from + (typeof points === "string" ? at2 : Array.from(window.slice(0, at2)).length);
}
function found(name, at2) {
  if (at2 === -1) throw new RuntimeFault(`${name}(): the text was not found`);
  return at2;
}
function partition(self, separator, last) {
  if (separator === "") throw new RuntimeFault("partition() needs a separator that is not empty");
  const at2 = last ? self.lastIndexOf(separator) : self.indexOf(separator);
  if (at2 === -1) return tuple(last ? ["", "", self] : [self, "", ""]);
  return tuple([self.slice(0, at2), separator, self.slice(at2 + separator.length)]);
}
function zeroFill(self, width) {
  limits.characters(width);
  const sign = /^[+-]/.exec(self)?.[0] ?? "";
  return sign + self.slice(sign.length).padStart(width - sign.length, "0");
}
function pad(self, args, side) {
  const width = toIndex(args[0], "the width");
  limits.characters(width);
  const fill = args[1] === void 0 ? " " : textArgument("just", args[1], "the fill character");
  return padText(self, width, fill, side);
}
function padText(text4, width, fill, side) {
  const room = width - codePoints(text4).length;
  if (room <= 0) return text4;
  if (side === "start") return fill.repeat(room) + text4;
  if (side === "end") return text4 + fill.repeat(room);
  const left = Math.floor(room / 2) + (room & width & 1);
  return fill.repeat(left) + text4 + fill.repeat(room - left);
}
function translate(self, table2) {
  if (!isMapping(table2)) throw new RuntimeFault(`translate() needs a dict, got '${typeName(table2)}'`);
  return Array.from(self, (character) => {
    const point = character.codePointAt(0);
    if (!mappingHas(table2, point)) return character;
    const to = mappingGet(table2, point);
    return to === null ? "" : typeof to === "number" ? String.fromCodePoint(to) : String(to);
  }).join("");
}

// transform/jinja/attributes.ts
function attribute(object4, name, run) {
  if (object4 instanceof HostObject) return object4.getAttribute(name) ?? object4.getItem(name) ?? missing(object4, name);
  if (isUndefined(object4)) return undefinedMember(object4, run);
  const method = methodOf(object4, name);
  if (method) return new BoundMethod(object4, name, method);
  if (isMapping(object4)) return keyed(object4, name) ?? missing(object4, name);
  return missing(object4, name);
}
function item(object4, key, run) {
  if (Array.isArray(object4) || typeof object4 === "string") {
    if (isInteger(key)) return indexed(object4, Number(key)) ?? new Undefined(`${typeName(object4)} has no item ${key}`);
  } else if (isMapping(object4)) {
    const found2 = keyed(object4, key);
    if (found2 !== void 0) return found2;
  } else if (object4 instanceof HostObject) {
    return object4.getItem(key) ?? (typeof key === "string" ? object4.getAttribute(key) : void 0) ?? missing(object4, key);
  } else if (isUndefined(object4)) return undefinedMember(object4, run);
  if (typeof key === "string") {
    const method = methodOf(object4, key);
    if (method) return new BoundMethod(object4, key, method);
  }
  throwUndefined(key);
  return missing(object4, key);
}
function slice(object4, start, stop, step2) {
  if (typeof object4 !== "string" && !Array.isArray(object4)) {
    throwUndefined(object4);
    throw new RuntimeFault(`a value of type '${typeName(object4)}' cannot be sliced`);
  }
  const items = typeof object4 === "string" ? codePoints(object4) : object4;
  const picked = sliceIndices(items.length, start, stop, step2).map((index2) => items[index2]);
  if (typeof object4 === "string") return picked.join("");
  return object4 instanceof Tuple ? tuple(picked) : picked;
}
function sliceIndices(length2, start, stop, step2) {
  const stride = step2 === null || step2 === void 0 ? 1 : toIndex(step2, "the step of a slice");
  if (stride === 0) throw new RuntimeFault("the step of a slice cannot be 0");
  const [low, high] = stride > 0 ? [0, length2] : [-1, length2 - 1];
  const bound = (value, preset) => {
    if (value === null || value === void 0) return preset;
    const index2 = toIndex(value, "the bound of a slice");
    return index2 < 0 ? Math.max(low, index2 + length2) : Math.min(high, index2);
  };
  const from = bound(start, stride > 0 ? low : high);
  const to = bound(stop, stride > 0 ? high : low);
  const indices = [];
  for (let index2 = from; stride > 0 ? index2 < to : index2 > to; index2 += stride) indices.push(index2);
  return indices;
}
function methodOf(object4, name) {
  const methods3 = methodsOf(object4);
  return methods3 && Object.hasOwn(methods3, name) ? methods3[name] : void 0;
}
function methodsOf(object4) {
  if (typeof object4 === "string") return stringMethods;
  if (object4 instanceof Tuple) return tupleMethods;
  if (Array.isArray(object4)) return listMethods;
  if (isMapping(object4)) return dictMethods;
  if (object4 instanceof PySet) return setMethods;
  return numberOf(object4) === void 0 ? void 0 : numberMethods;
}
function indexed(sequence, index2) {
  if (typeof sequence === "string") return codePoints(sequence).at(index2);
  const found2 = sequence.at(index2);
  return found2 === void 0 && inBounds(sequence, index2) ? new Undefined("an item is undefined") : found2;
}
function inBounds(sequence, index2) {
  return index2 < sequence.length && index2 >= -sequence.length;
}
function keyed(object4, key) {
  const found2 = mappingGet(object4, key);
  return found2 === void 0 && mappingHas(object4, key) ? null : found2;
}
function codePoints(text4) {
  return /[\ud800-\udfff]/.test(text4) ? Array.from(text4) : text4;
}
function missing(object4, name) {
  return new Undefined(
    `'${typeName(object4)} object' has no attribute ${typeof name === "string" ? `'${name}'` : repr(name)}`
  );
}
function undefinedMember(object4, run) {
  if (!run.lenient) throwUndefined(object4);
  return object4;
}
var BoundMethod = class extends Callable {
  name;
  #object;
  #method;
  constructor(object4, name, method) {
    super();
    this.#object = object4;
    this.name = name;
    this.#method = method;
  }
  call(run, args, kwargs) {
    return this.#method(this.#object, args, kwargs, run) ?? null;
  }
};

// transform/jinja/json-text.ts
function toJsonText(value, preset, shape = {}) {
  try {
    return write(value, shape, 0);
  } catch (error) {
    if (preset !== void 0 && error instanceof RuntimeFault) return preset;
    throw error;
  }
}
function jsonForHtml(value, indent) {
  return write(value, { sortKeys: true, indent }, 0).replace(
    /[<>&']/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
var depthMax = 200;
function write(value, shape, depth) {
  if (depth > depthMax) throw new RuntimeFault("the value is nested too deeply, or holds itself");
  if (value === null) return "null";
  if (typeof value === "string") return asciiString(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number" || value instanceof Float) return numberText(value);
  const inner = (item2) => write(item2, shape, depth + 1);
  if (Array.isArray(value)) return bracketed("[]", value.map(inner), shape, depth);
  if (isMapping(value)) {
    const entries = mappingEntries(value).map(([key, item2]) => [keyText(key), item2]);
    if (shape.sortKeys) entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    const written = entries.map(([key, item2]) => `${asciiString(key)}: ${inner(item2)}`);
    return bracketed("{}", written, shape, depth);
  }
  throw new RuntimeFault(`a value cannot be written as JSON: ${repr(value)}`);
}
function bracketed(brackets, parts2, { indent }, depth) {
  if (indent === void 0 || parts2.length === 0) return brackets[0] + parts2.join(", ") + brackets[1];
  const line = (level) => `
${" ".repeat(Math.min(indent, 100) * level)}`;
  return `${brackets[0]}${line(depth + 1)}${parts2.join(`,${line(depth + 1)}`)}${line(depth)}${brackets[1]}`;
}
function numberText(value) {
  const number = Number(value);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  return value instanceof Float || !Number.isInteger(number) ? floatText(number) : String(value);
}
function keyText(key) {
  if (typeof key === "string") return key;
  if (key === null) return "null";
  if (typeof key === "boolean") return String(key);
  if (typeof key === "number" || typeof key === "bigint" || key instanceof Float) return str(key);
  throw new RuntimeFault(`the key of a dict cannot be written as JSON: ${repr(key)}`);
}
function asciiString(text4) {
  return JSON.stringify(text4).replace(
    /[\x7f-\uffff]/g,
    (unit) => unit === "\x7F" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
function fromJsonText(value, preset) {
  if (typeof value !== "string") {
    if (preset !== void 0) return preset;
    throw new RuntimeFault(`fromjson() needs text, got ${repr(value)}`);
  }
  try {
    return new JsonReader(value).read();
  } catch (error) {
    if (preset !== void 0) return preset;
    throw new RuntimeFault(`fromjson(): ${error.message}`);
  }
}
var jsonString = /"(?:[^"\\]|\\.)*"/sy;
var JsonReader = class {
  #text;
  #at = 0;
  #depth = 0;
  constructor(text4) {
    this.#text = text4;
  }
  read() {
    const value = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#fault();
    return value;
  }
  #value() {
    if (++this.#depth > depthMax) throw new SyntaxError("nested too deeply");
    this.#blanks();
    const value = this.#valueHere();
    this.#depth--;
    return value;
  }
  #valueHere() {
    const character = this.#text[this.#at];
    if (character === "{") return this.#object();
    if (character === "[") return this.#array();
    if (character === '"') return this.#string();
    const word = this.#match(/(?:true|false|null|NaN|-?Infinity)\b/y);
    if (word !== void 0) return words.get(word);
    const number = this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number === void 0) throw this.#fault();
    return /[.eE]/.test(number) ? float(Number(number)) : narrow(BigInt(number));
  }
  #object() {
    const made = new Dict();
    this.#at++;
    this.#blanks();
    if (this.#skip("}")) return made;
    do {
      this.#blanks();
      const key = this.#string();
      this.#blanks();
      if (!this.#skip(":")) throw this.#fault();
      made.set(key, this.#value());
      this.#blanks();
    } while (this.#skip(","));
    if (!this.#skip("}")) throw this.#fault();
    return made;
  }
  #array() {
    const made = [];
    this.#at++;
    this.#blanks();
    if (this.#skip("]")) return made;
    do {
      made.push(this.#value());
      this.#blanks();
    } while (this.#skip(","));
    if (!this.#skip("]")) throw this.#fault();
    return made;
  }
  #string() {
    const literal = this.#match(jsonString);
    if (literal === void 0) throw this.#fault();
    return JSON.parse(literal);
  }
  #blanks() {
    this.#match(/[ \t\n\r]+/y);
  }
  #skip(character) {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const found2 = pattern.exec(this.#text);
    if (!found2) return void 0;
    this.#at += found2[0].length;
    return found2[0];
  }
  #fault() {
    const here = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : "the end of the text";
    return new SyntaxError(`unexpected ${here} at character ${this.#at}`);
  }
};
var words = /* @__PURE__ */ new Map([
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity]
]);

// transform/jinja/names.ts
function nearestName(name, names2) {
  const farthest = Math.max(1, Math.floor(name.length / 3));
  let best;
  for (const candidate of names2) {
    if (Math.abs(candidate.length - name.length) > farthest) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= farthest && (!best || distance < best.distance)) best = { name: candidate, distance };
  }
  return best && `Did you mean '${best.name}'?`;
}
function editDistance(from, to) {
  let beforePrevious = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index2) => index2);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        previous[column] + 1,
        current[column - 1] + 1,
        previous[column - 1] + (same ? 0 : 1)
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        cost = Math.min(cost, beforePrevious[column - 2] + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length];
}
var words2 = (text4) => new Set(text4.split(/\s+/));
var knownFilters = words2(
  `abs attr batch capitalize center count d default dictsort e escape filesizeformat first float forceescape format
  groupby indent int is_list items join last length list lower map max min pprint random reject rejectattr replace
  reverse round safe select selectattr slice sort string striptags sum title tojson trim truncate unique upper
  urlencode urlize wordcount wordwrap xmlattr as_bool as_native as_number as_text`
);
var knownTests = words2(
  `boolean callable defined divisibleby eq equalto escaped even false filter float ge greaterthan gt in integer
  iterable le lessthan lower lt mapping ne none number odd sameas sequence string test true undefined upper`
);

// transform/jinja/expressions.ts
function parseExpression(reader2, options = {}) {
  reader2.descend();
  const expression = options.conditional === false ? parseOr(reader2) : parseConditional(reader2);
  reader2.ascend();
  return expression;
}
function parseTupleExpression(reader2, options = {}) {
  const at2 = reader2.current.at;
  const first = parseExpression(reader2, options);
  if (!reader2.isOperator(",")) return first;
  const items = [first];
  while (reader2.skipOperator(",")) {
    if (isExpressionEnd(reader2)) break;
    items.push(parseExpression(reader2, options));
  }
  return { kind: "tuple", items, at: at2 };
}
function parseFilterSteps(reader2) {
  const steps = [];
  do {
    steps.push(parseFilterStep(reader2));
  } while (reader2.skipOperator("|"));
  return steps;
}
function parseCallArguments(reader2) {
  const positional = [];
  const keywords2 = [];
  reader2.expectOperator("(", "before the arguments");
  while (!reader2.isOperator(")")) {
    if (reader2.skipOperator("**")) keywords2.push({ name: void 0, value: parseExpression(reader2) });
    else if (reader2.skipOperator("*")) positional.push({ value: parseExpression(reader2), spread: true });
    else if (reader2.is("name") && reader2.following.type === "operator" && reader2.following.value === "=") {
      const name = reader2.next();
      reader2.next();
      if (keywords2.some((keyword) => keyword.name === name.value))
        throw reader2.fault(`the argument ${name.value} is given twice`, name.at);
      keywords2.push({ name: name.value, value: parseExpression(reader2) });
    } else {
      if (keywords2.some((keyword) => keyword.name !== void 0))
        throw reader2.fault("a positional argument stands behind a named one");
      positional.push({ value: parseExpression(reader2), spread: false });
    }
    if (!reader2.skipOperator(",")) break;
  }
  reader2.expectOperator(")", "after the arguments");
  return { positional, keywords: keywords2 };
}
function isExpressionEnd(reader2) {
  const { type, value } = reader2.current;
  if (type === "output-end" || type === "block-end" || type === "end") return true;
  if (type === "operator") return [")", "]", "}", "=", ":"].includes(value);
  return type === "name" && (value === "in" || value === "recursive");
}
function parseConditional(reader2) {
  let expression = parseOr(reader2);
  while (reader2.isName("if")) {
    const { at: at2 } = reader2.next();
    const test = parseOr(reader2);
    const otherwise = reader2.skip("name", "else") ? parseExpression(reader2) : void 0;
    expression = { kind: "conditional", test, whenTrue: expression, otherwise, at: at2 };
  }
  return expression;
}
function parseOr(reader2) {
  let left = parseAnd(reader2);
  while (reader2.isName("or")) {
    const { at: at2 } = reader2.next();
    left = { kind: "logical", operator: "or", left, right: parseAnd(reader2), at: at2 };
  }
  return left;
}
function parseAnd(reader2) {
  let left = parseNot(reader2);
  while (reader2.isName("and")) {
    const { at: at2 } = reader2.next();
    left = { kind: "logical", operator: "and", left, right: parseNot(reader2), at: at2 };
  }
  return left;
}
function parseNot(reader2) {
  if (!reader2.isName("not")) return parseCompare(reader2);
  const { at: at2 } = reader2.next();
  reader2.descend();
  const operand = parseNot(reader2);
  reader2.ascend();
  return { kind: "unary", operator: "not", operand, at: at2 };
}
var comparisons = /* @__PURE__ */ new Set(["==", "!=", "<", "<=", ">", ">="]);
function parseCompare(reader2) {
  const first = parseSum(reader2);
  const rest = [];
  const at2 = reader2.current.at;
  for (; ; ) {
    if (reader2.is("operator") && comparisons.has(reader2.current.value)) {
      rest.push({ operator: reader2.next().value, operand: parseSum(reader2) });
    } else if (reader2.skip("name", "in")) {
      rest.push({ operator: "in", operand: parseSum(reader2) });
    } else if (reader2.isName("not") && reader2.following.type === "name" && reader2.following.value === "in") {
      reader2.next();
      reader2.next();
      rest.push({ operator: "not in", operand: parseSum(reader2) });
    } else break;
  }
  return rest.length === 0 ? first : { kind: "compare", first, rest, at: at2 };
}
function parseSum(reader2) {
  return parseBinary(reader2, ["+", "-"], parseConcat);
}
function parseConcat(reader2) {
  const at2 = reader2.current.at;
  const first = parseProduct(reader2);
  if (!reader2.isOperator("~")) return first;
  const parts2 = [first];
  while (reader2.skipOperator("~")) parts2.push(parseProduct(reader2));
  return { kind: "concat", parts: parts2, at: at2 };
}
function parseProduct(reader2) {
  return parseBinary(reader2, ["*", "/", "//", "%"], parsePower);
}
function parsePower(reader2) {
  return parseBinary(reader2, ["**"], parseUnary);
}
function parseBinary(reader2, operators, operand) {
  let left = operand(reader2);
  while (reader2.is("operator") && operators.includes(reader2.current.value)) {
    const { value, at: at2 } = reader2.next();
    left = { kind: "binary", operator: value, left, right: operand(reader2), at: at2 };
  }
  return left;
}
function parseUnary(reader2) {
  return parsePostfixFilters(reader2, parsePostfix(reader2, parseSigned(reader2)));
}
function parseSigned(reader2) {
  if (!reader2.isOperator("-") && !reader2.isOperator("+")) return parsePrimary(reader2);
  const { value, at: at2 } = reader2.next();
  reader2.descend();
  const operand = parsePostfix(reader2, parseSigned(reader2));
  reader2.ascend();
  return { kind: "unary", operator: value, operand, at: at2 };
}
var constants = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null
};
function parsePrimary(reader2) {
  const token = reader2.current;
  switch (token.type) {
    case "name":
      reader2.next();
      if (Object.hasOwn(constants, token.value))
        return { kind: "constant", value: constants[token.value], at: token.at };
      return { kind: "name", name: token.value, at: token.at };
    case "string": {
      let value = "";
      while (reader2.is("string")) value += reader2.next().value;
      return { kind: "constant", value, at: token.at };
    }
    case "integer":
      reader2.next();
      return { kind: "constant", value: parseInteger(token.value), at: token.at };
    case "float":
      reader2.next();
      return { kind: "float", value: Number(token.value), at: token.at };
    case "operator":
      if (token.value === "(") return parseParentheses(reader2);
      if (token.value === "[") return parseList(reader2);
      if (token.value === "{") return parseDict(reader2);
  }
  throw reader2.unexpected("expected an expression");
}
function parseInteger(text4) {
  const plain2 = /^0+\d/.test(text4) ? text4.replace(/^0+(?=\d)/, "") : text4;
  const value = Number(plain2);
  return Number.isSafeInteger(value) ? value : BigInt(plain2);
}
function parseParentheses(reader2) {
  const { at: at2 } = reader2.next();
  if (reader2.skipOperator(")")) return { kind: "tuple", items: [], at: at2 };
  const inner = parseTupleExpression(reader2);
  reader2.expectOperator(")", "to close the parenthesis");
  return inner;
}
function parseList(reader2) {
  const { at: at2 } = reader2.next();
  const items = [];
  while (!reader2.isOperator("]")) {
    items.push(parseExpression(reader2));
    if (!reader2.skipOperator(",")) break;
  }
  reader2.expectOperator("]", "to close the list");
  return { kind: "list", items, at: at2 };
}
function parseDict(reader2) {
  const { at: at2 } = reader2.next();
  const entries = [];
  while (!reader2.isOperator("}")) {
    const key = parseExpression(reader2);
    reader2.expectOperator(":", "between key and value of a dict");
    entries.push({ key, value: parseExpression(reader2) });
    if (!reader2.skipOperator(",")) break;
  }
  reader2.expectOperator("}", "to close the dict");
  return { kind: "dict", entries, at: at2 };
}
function parsePostfix(reader2, operand) {
  let object4 = operand;
  for (; ; ) {
    const { at: at2 } = reader2.current;
    if (reader2.isOperator("(")) object4 = { kind: "call", callee: object4, arguments: parseCallArguments(reader2), at: at2 };
    else if (reader2.skipOperator(".")) object4 = parseAttribute(reader2, object4, at2);
    else if (reader2.skipOperator("[")) object4 = parseSubscript(reader2, object4, at2);
    else return object4;
  }
}
function parseAttribute(reader2, object4, at2) {
  if (reader2.is("integer")) {
    return { kind: "item", object: object4, key: { kind: "constant", value: Number(reader2.next().value), at: at2 }, at: at2 };
  }
  return { kind: "attribute", object: object4, name: reader2.expect("name", void 0, "behind the dot").value, at: at2 };
}
function parseSubscript(reader2, object4, at2) {
  const parts2 = [parseSubscriptPart(reader2, object4, at2)];
  while (reader2.skipOperator(",")) {
    if (reader2.isOperator("]")) break;
    parts2.push(parseSubscriptPart(reader2, object4, at2));
  }
  const commas = parts2.length > 1;
  reader2.expectOperator("]", "to close the subscript");
  const first = parts2[0];
  if (!commas) return first.kind === "slice" ? first : { kind: "item", object: object4, key: first, at: at2 };
  if (parts2.some((part) => part.kind === "slice" && part.object === object4))
    throw reader2.fault("a slice cannot stand beside other subscripts", at2);
  return { kind: "item", object: object4, key: { kind: "tuple", items: parts2, at: at2 }, at: at2 };
}
function parseSubscriptPart(reader2, object4, at2) {
  const start = reader2.isOperator(":") ? void 0 : parseExpression(reader2);
  if (start && !reader2.isOperator(":")) return start;
  reader2.next();
  const ends = () => reader2.isOperator(":") || reader2.isOperator("]") || reader2.isOperator(",");
  const stop = ends() ? void 0 : parseExpression(reader2);
  const step2 = reader2.skipOperator(":") && !ends() ? parseExpression(reader2) : void 0;
  return { kind: "slice", object: object4, start, stop, step: step2, at: at2 };
}
function parsePostfixFilters(reader2, operand) {
  let input = operand;
  for (; ; ) {
    if (reader2.skipOperator("|")) input = { kind: "filter", input, ...parseFilterStep(reader2) };
    else if (reader2.isName("is")) input = parseTest(reader2, input);
    else if (reader2.isOperator("(")) {
      input = { kind: "call", callee: input, arguments: parseCallArguments(reader2), at: reader2.current.at };
    } else return input;
  }
}
var noArguments = { positional: [], keywords: [] };
function parseFilterStep(reader2) {
  const { value, at: at2 } = reader2.expect("name", void 0, "as the name of a filter");
  let name = value;
  while (reader2.skipOperator(".")) name += `.${reader2.expect("name", void 0, "behind the dot").value}`;
  if (!knownFilters.has(name)) throw reader2.fault(`there is no filter '${name}'`, at2, nearestName(name, knownFilters));
  return { name, arguments: reader2.isOperator("(") ? parseCallArguments(reader2) : noArguments, at: at2 };
}
function parseTest(reader2, input) {
  reader2.next();
  const negated = reader2.skip("name", "not");
  const { value, at: at2 } = reader2.expect("name", void 0, "as the name of a test");
  let name = value;
  while (reader2.skipOperator(".")) name += `.${reader2.expect("name", void 0, "behind the dot").value}`;
  if (!knownTests.has(name)) throw reader2.fault(`there is no test '${name}'`, at2, nearestName(name, knownTests));
  return { kind: "test", input, name, arguments: parseTestArguments(reader2), negated, at: at2 };
}
function parseTestArguments(reader2) {
  if (reader2.isOperator("(")) return parseCallArguments(reader2);
  const { type, value } = reader2.current;
  const begins = ["string", "integer", "float"].includes(type) || type === "name" && !["else", "or", "and", "is", "if", "not", "in", "recursive"].includes(value) || type === "operator" && (value === "[" || value === "{");
  if (!begins) return noArguments;
  return { positional: [{ value: parsePostfix(reader2, parsePrimary(reader2)), spread: false }], keywords: [] };
}

// transform/jinja/lexer.ts
function tokenize(source) {
  return new Lexer(source).run();
}
var tagStart = /\{([{%#])([-+]?)/g;
var rawStart = /\{%[-+]?\s*raw\s*(-?)%\}/y;
var rawEnd = /\{%(-?)[-+]?\s*endraw\s*([-+]?)%\}/g;
var docsStart = /\{%[-+]?\s*docs\s+[\p{L}\p{N}_]+\s*(-?)%\}/uy;
var docsEnd = /\{%-?\s*enddocs\s*[-+]?%\}/g;
var whitespace = /\s+/y;
var nameWord = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
var floatNumber = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
var integerNumber = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|\d(?:_?\d)*/y;
var stringLiteral = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy;
var operatorText = /\/\/|\*\*|==|!=|<=|>=|[-+*/%~<>=.:|,;()[\]{}]/y;
var closingOf = { "(": ")", "[": "]", "{": "}" };
var Lexer = class {
  #source;
  #text;
  #at = 0;
  #tokens = [];
  constructor(source) {
    this.#source = source;
    this.#text = source.text;
  }
  run() {
    while (this.#at < this.#text.length) this.#readData();
    this.#push("end", "", this.#text.length, this.#text.length);
    return this.#tokens;
  }
  /** Data up to the next tag, and the tag. */
  #readData() {
    const from = this.#at;
    tagStart.lastIndex = from;
    const tag = tagStart.exec(this.#text);
    const to = tag ? tag.index : this.#text.length;
    const data = this.#text.slice(from, to);
    this.#pushData(tag?.[2] === "-" ? data.trimEnd() : data, from, to);
    if (!tag) {
      this.#at = to;
      return;
    }
    this.#at = to + tag[0].length;
    if (tag[1] === "#") this.#skipComment(to);
    else if (tag[1] === "{") this.#readTag(to, "output");
    else if (!this.#readRaw(to)) this.#readTag(to, "block");
  }
  #skipComment(from) {
    const end = this.#text.indexOf("#}", this.#at);
    if (end === -1) throw this.#fault("this comment is not closed: #} is missing", from);
    this.#at = end + 2;
    if (this.#text[end - 1] === "-") this.#skipWhitespace();
  }
  /** `{% raw %}…{% endraw %}` is data; so is the body of `{% docs %}`, where braces and quotes are prose. */
  #readRaw(from) {
    rawStart.lastIndex = from;
    const raw = rawStart.exec(this.#text);
    if (raw) {
      rawEnd.lastIndex = from + raw[0].length;
      const end2 = rawEnd.exec(this.#text);
      if (!end2) throw this.#fault("this raw block is not closed: {% endraw %} is missing", from);
      let data = this.#text.slice(from + raw[0].length, end2.index);
      if (raw[1]) data = data.trimStart();
      if (end2[1]) data = data.trimEnd();
      this.#pushData(data, from, end2.index);
      this.#at = end2.index + end2[0].length;
      if (end2[2] === "-") this.#skipWhitespace();
      return true;
    }
    docsStart.lastIndex = from;
    const docs = docsStart.exec(this.#text);
    if (!docs) return false;
    docsEnd.lastIndex = from + docs[0].length;
    const end = docsEnd.exec(this.#text);
    if (!end) throw this.#fault("this docs block is not closed: {% enddocs %} is missing", from);
    this.#readTag(from, "block");
    const body = this.#at;
    this.#pushData(this.#text.slice(body, end.index), body, end.index);
    this.#at = end.index;
    return true;
  }
  /** The tokens of one tag, up to the end that is not inside brackets. */
  #readTag(from, kind) {
    this.#at = from + 2;
    if (this.#text[this.#at] === "-" || this.#text[this.#at] === "+") this.#at++;
    this.#push(`${kind}-begin`, "", from, this.#at);
    const closing = kind === "output" ? "}}" : "%}";
    const brackets = [];
    for (; ; ) {
      this.#skipWhitespace();
      if (this.#at >= this.#text.length) throw this.#fault(`this tag is not closed: ${closing} is missing`, from);
      if (brackets.length === 0 && this.#readTagEnd(kind, closing)) return;
      this.#readToken(brackets);
    }
  }
  #readTagEnd(kind, closing) {
    const sign = this.#text[this.#at];
    const signed2 = (sign === "-" || sign === "+") && this.#text.startsWith(closing, this.#at + 1);
    if (!signed2 && !this.#text.startsWith(closing, this.#at)) return false;
    const from = this.#at;
    this.#at += closing.length + (signed2 ? 1 : 0);
    this.#push(`${kind}-end`, "", from, this.#at);
    if (signed2 && sign === "-") this.#skipWhitespace();
    return true;
  }
  #readToken(brackets) {
    const from = this.#at;
    const word = this.#match(nameWord);
    if (word !== void 0) {
      this.#push("name", word, from, this.#at);
      return;
    }
    const fraction = this.#text[from - 1] === "." ? void 0 : this.#match(floatNumber);
    if (fraction !== void 0) {
      this.#push("float", fraction.replaceAll("_", ""), from, this.#at);
      return;
    }
    const integer = this.#match(integerNumber);
    if (integer !== void 0) {
      this.#push("integer", integer.replaceAll("_", ""), from, this.#at);
      return;
    }
    const string = this.#match(stringLiteral);
    if (string !== void 0) {
      this.#push("string", decodeEscapes(string.slice(1, -1)), from, this.#at);
      return;
    }
    const operator = this.#match(operatorText);
    if (operator === void 0) throw this.#unknown(from);
    if (operator in closingOf) brackets.push(operator);
    else if (operator === ")" || operator === "]" || operator === "}") {
      const open = brackets.pop();
      if (open === void 0 || closingOf[open] !== operator) {
        const wanted = open === void 0 ? "" : `, expected ${closingOf[open]}`;
        throw this.#fault(`unexpected ${operator}${wanted}`, from);
      }
    }
    this.#push("operator", operator, from, this.#at);
  }
  #unknown(from) {
    const character = this.#text[from];
    if (character === "'" || character === '"') return this.#fault("this string is not closed", from);
    return this.#fault(`unexpected character ${JSON.stringify(character)}`, from);
  }
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const found2 = pattern.exec(this.#text);
    if (!found2) return void 0;
    this.#at += found2[0].length;
    return found2[0];
  }
  #skipWhitespace() {
    this.#match(whitespace);
  }
  #pushData(value, at2, end) {
    if (value !== "") this.#push("data", value, at2, end);
  }
  #push(type, value, at2, end) {
    this.#tokens.push({ type, value, at: at2, end });
  }
  #fault(message, at2) {
    return new TemplateError("JINJA_SYNTAX", message, this.#source, at2);
  }
};
var escapes2 = {
  n: "\n",
  t: "	",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": ""
};
function decodeEscapes(text4) {
  if (!text4.includes("\\")) return text4;
  return text4.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (whole, hex, short, long, octal, character) => {
      if (octal !== void 0) return String.fromCharCode(Number.parseInt(octal, 8));
      if (character !== void 0) return escapes2[character] ?? whole;
      const point = Number.parseInt(hex ?? short ?? long, 16);
      return point <= 1114111 ? String.fromCodePoint(point) : whole;
    }
  );
}

// transform/jinja/tokens.ts
var nestingMax = 150;
var TokenReader = class {
  source;
  #tokens;
  #index = 0;
  #depth = 0;
  constructor(source) {
    this.source = source;
    this.#tokens = tokenize(source);
  }
  get current() {
    return this.#tokens[this.#index];
  }
  get following() {
    return this.#tokens[this.#index + 1] ?? this.current;
  }
  next() {
    const token = this.current;
    if (token.type !== "end") this.#index++;
    return token;
  }
  is(type, value) {
    const token = this.current;
    return token.type === type && (value === void 0 || token.value === value);
  }
  isOperator(value) {
    return this.is("operator", value);
  }
  isName(...names2) {
    return this.current.type === "name" && names2.includes(this.current.value);
  }
  /** Reads the token when it is the one asked for. */
  skip(type, value) {
    if (!this.is(type, value)) return false;
    this.next();
    return true;
  }
  skipOperator(value) {
    return this.skip("operator", value);
  }
  expect(type, value, where) {
    if (this.is(type, value)) return this.next();
    throw this.unexpected(`expected ${value ?? describeType(type)} ${where}`);
  }
  expectOperator(value, where) {
    return this.expect("operator", value, where);
  }
  /** Guards recursion: call it on the way down, `ascend` on the way up. */
  descend() {
    if (++this.#depth > nestingMax) throw this.fault(`more than ${nestingMax} levels of nesting`);
  }
  ascend() {
    this.#depth--;
  }
  unexpected(message) {
    return this.fault(`${message}, got ${describe(this.current)}`);
  }
  fault(message, at2 = this.current.at, hint) {
    return new TemplateError("JINJA_SYNTAX", message, this.source, at2, hint === void 0 ? {} : { hint });
  }
};
function describe(token) {
  switch (token.type) {
    case "name":
    case "operator":
    case "integer":
    case "float":
      return `'${token.value}'`;
    case "string":
      return `the string ${JSON.stringify(token.value)}`;
    default:
      return describeType(token.type);
  }
}
function describeType(type) {
  switch (type) {
    case "end":
      return "the end of the template";
    case "output-begin":
      return "{{";
    case "output-end":
      return "}}";
    case "block-begin":
      return "{%";
    case "block-end":
      return "%}";
    case "data":
      return "text";
    default:
      return `a ${type}`;
  }
}

// transform/jinja/literal.ts
function readLiteral(text4) {
  if (/^(?:true|false|none)$/.test(text4.trim())) return void 0;
  try {
    return readWhole(new TokenReader({ path: "literal", text: `{{${text4.trim()}
}}`, firstLine: 1 }));
  } catch (error) {
    if (error instanceof TemplateError || error instanceof NoLiteral) return void 0;
    throw error;
  }
}
var NoLiteral = class extends Error {
};
function readWhole(reader2) {
  reader2.next();
  const expression = parseExpression(reader2);
  const ended = reader2.skip("output-end") && reader2.is("end");
  return ended ? { value: evaluate(expression) } : void 0;
}
function evaluate(expression) {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "float":
      return float(expression.value);
    case "list":
      return expression.items.map(evaluate);
    case "tuple":
      return tuple(expression.items.map(evaluate));
    case "dict": {
      const made = new Dict();
      for (const { key, value } of expression.entries) made.set(evaluate(key), evaluate(value));
      return made;
    }
    case "unary":
      if (expression.operator !== "not" && ["constant", "float"].includes(expression.operand.kind))
        return signed(expression.operator, evaluate(expression.operand));
  }
  throw new NoLiteral();
}

// transform/jinja/native.ts
var Marker = class _Marker extends HostObject {
  text;
  constructor(text4) {
    super();
    this.text = text4;
  }
  getAttribute() {
    return void 0;
  }
  equals(other) {
    return (other instanceof _Marker ? other.text : other) === this.text;
  }
  get truthy() {
    return this.text !== "";
  }
  get typeName() {
    return "str";
  }
  toString() {
    return this.text;
  }
};
var TextMarker = class extends Marker {
};
var NativeMarker = class extends Marker {
};
var BoolMarker = class extends NativeMarker {
};
var NumberMarker = class extends NativeMarker {
};
function nativeResult(values2) {
  if (values2.length === 0) return "";
  if (values2.length > 1) return values2.map(str).join("");
  const [value] = values2;
  if (value instanceof TextMarker) return value.text;
  if (!(value instanceof NativeMarker)) return value;
  const literal = readLiteral(value.text);
  const result = literal ? literal.value : value.text;
  if (value instanceof BoolMarker && typeof result !== "boolean")
    throw new RuntimeFault(`could not convert '${value.text}' into type 'bool'`);
  if (value instanceof NumberMarker && (typeof result === "boolean" || numberOf(result) === void 0))
    throw new RuntimeFault(`could not convert '${value.text}' into type 'number'`);
  return result;
}

// transform/jinja/tests.ts
var isEqual = (value, [other]) => equals(value, other);
var isUnequal = (value, [other]) => !equals(value, other);
var isLess = (value, [other]) => compare(value, other, "<") < 0;
var isAtMost = (value, [other]) => compare(value, other, "<=") <= 0;
var isGreater = (value, [other]) => compare(value, other, ">") > 0;
var isAtLeast = (value, [other]) => compare(value, other, ">=") >= 0;
var tests = Object.assign(/* @__PURE__ */ Object.create(null), {
  "==": isEqual,
  "!=": isUnequal,
  "<": isLess,
  "<=": isAtMost,
  ">": isGreater,
  ">=": isAtLeast,
  eq: isEqual,
  equalto: isEqual,
  ne: isUnequal,
  lt: isLess,
  lessthan: isLess,
  le: isAtMost,
  gt: isGreater,
  greaterthan: isGreater,
  ge: isAtLeast,
  in: (value, [container]) => contains(container, value),
  defined: (value) => !isUndefined(value),
  undefined: (value) => isUndefined(value),
  none: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  true: (value) => value === true,
  false: (value) => value === false,
  callable: (value) => value instanceof Callable,
  string: (value) => typeof value === "string" || value instanceof HostObject && value.typeName === "str",
  number: (value) => numberOf(value) !== void 0,
  integer: (value) => isInteger(value) && typeof value !== "boolean",
  float: (value) => value instanceof Float || typeof value === "number" && !Number.isInteger(value),
  mapping: (value) => isMapping(value) || value instanceof HostObject && value.isMapping,
  sequence: (value) => typeof value === "string" || Array.isArray(value) || isMapping(value) || isUndefined(value) || value instanceof HostObject && value.size !== void 0,
  iterable: (value) => typeof value === "string" || tryIterate(value) !== void 0,
  sameas: (value, [other]) => value === other || isSmall(value) && equals(value, other) && typeof value === typeof other,
  divisibleby: (value, [divisor]) => equals(operate("%", value, divisor), 0),
  even: (value) => equals(operate("%", value, 2), 0),
  odd: (value) => equals(operate("%", value, 2), 1),
  lower: (value) => str(value) === str(value).toLowerCase() && /\p{L}/u.test(str(value)),
  upper: (value) => str(value) === str(value).toUpperCase() && /\p{L}/u.test(str(value)),
  escaped: () => false,
  filter: (value) => typeof value === "string" && Object.hasOwn(filters, value),
  test: (value) => typeof value === "string" && isTestName(value)
});
function isTestName(name) {
  return Object.hasOwn(tests, name);
}
function isSmall(value) {
  return typeof value === "string" ? codePoints(value).length <= 1 : typeof value === "number";
}

// transform/jinja/sequence-filters.ts
var sequenceFilters = {
  batch(value, args, kwargs) {
    const [size, fill] = readArguments("batch", ["linecount", "fill_with?"], args, kwargs);
    const width = Math.max(1, toIndex(size, "linecount"));
    const items = iterate(value);
    const rows = Array.from(
      { length: Math.ceil(items.length / width) },
      (_, row) => items.slice(row * width, (row + 1) * width)
    );
    const last = rows.at(-1);
    if (fill !== void 0 && fill !== null && last) while (last.length < width) last.push(fill);
    return rows;
  },
  dictsort(value, args, kwargs) {
    const [caseSensitive, by = "key", reverse] = readArguments(
      "dictsort",
      ["case_sensitive?", "by?", "reverse?"],
      args,
      kwargs
    );
    if (!isMapping(value)) throw new RuntimeFault(`dictsort needs a dict, got '${typeName(value)}'`);
    const at2 = by === "value" ? 1 : 0;
    const key = (pair) => folded(pair[at2], truthy(caseSensitive));
    return sorted(mappingEntries(value).map(tuple), { key, reverse: truthy(reverse) });
  },
  first: (value) => iterate(value).length > 0 ? iterate(value)[0] : new Undefined("there is no first item: the list is empty"),
  last: (value) => iterate(value).length > 0 ? iterate(value).at(-1) : new Undefined("there is no last item: the list is empty"),
  groupby(value, args, kwargs, run) {
    const [path, preset, caseSensitive = true] = readArguments(
      "groupby",
      ["attribute", "default?", "case_sensitive?"],
      args,
      kwargs
    );
    const read2 = reader(path, run, preset);
    const key = (each) => folded(read2(each), truthy(caseSensitive));
    const groups = [];
    for (const each of sorted(iterate(value), { key })) {
      const current = groups.at(-1);
      if (current && equals(current.key, key(each))) current.members.push(each);
      else groups.push({ key: key(each), members: [each] });
    }
    return groups.map(({ members }) => new Group(read2(members[0]), members));
  },
  items(value) {
    if (isUndefined(value)) return [];
    if (!isMapping(value)) throw new RuntimeFault(`items needs a dict, got '${typeName(value)}'`);
    return mappingEntries(value).map(tuple);
  },
  join(value, args, kwargs, run) {
    const [separator = "", path] = readArguments("join", ["d?", "attribute?"], args, kwargs);
    const items = iterate(value);
    const read2 = path === void 0 || path === null ? void 0 : reader(path, run);
    return limits.text(items.map((each) => str(read2 ? read2(each) : each)).join(str(separator)));
  },
  list: (value) => [...iterate(value)],
  map: mapItems,
  max: (value, args, kwargs, run) => extreme("max", value, args, kwargs, run),
  min: (value, args, kwargs, run) => extreme("min", value, args, kwargs, run),
  random() {
    throw new RuntimeFault("the filter random is not available: a template gives the same text each time");
  },
  reject: (value, args, kwargs, run) => select(value, args, run, { wanted: false, byAttribute: false }, kwargs),
  rejectattr: (value, args, kwargs, run) => select(value, args, run, { wanted: false, byAttribute: true }, kwargs),
  select: (value, args, kwargs, run) => select(value, args, run, { wanted: true, byAttribute: false }, kwargs),
  selectattr: (value, args, kwargs, run) => select(value, args, run, { wanted: true, byAttribute: true }, kwargs),
  reverse(value) {
    const reversed = [...iterate(value)].reverse();
    return typeof value === "string" ? reversed.join("") : reversed;
  },
  slice(value, args, kwargs) {
    const [count, fill] = readArguments("slice", ["slices", "fill_with?"], args, kwargs);
    return slices(iterate(value), Math.max(1, toIndex(count, "slices")), fill);
  },
  sort(value, args, kwargs, run) {
    const [reverse, caseSensitive, path] = readArguments(
      "sort",
      ["reverse?", "case_sensitive?", "attribute?"],
      args,
      kwargs
    );
    const reads = typeof path === "string" ? path.split(",").map((each) => reader(each.trim(), run)) : path === void 0 || path === null ? [(each) => each] : [reader(path, run)];
    const key = (each) => {
      const keys = reads.map((read2) => folded(read2(each), truthy(caseSensitive)));
      return keys.length === 1 ? keys[0] : tuple(keys);
    };
    return sorted(iterate(value), { key, reverse: truthy(reverse) });
  },
  sum(value, args, kwargs, run) {
    const [path, start = 0] = readArguments("sum", ["attribute?", "start?"], args, kwargs);
    const read2 = path === void 0 || path === null ? (each) => each : reader(path, run);
    return iterate(value).reduce((total, each) => operate("+", total, read2(each)), start);
  },
  unique(value, args, kwargs, run) {
    const [caseSensitive, path] = readArguments("unique", ["case_sensitive?", "attribute?"], args, kwargs);
    const read2 = path === void 0 || path === null ? (each) => each : reader(path, run);
    const seen = new Dict();
    return iterate(value).filter((each) => {
      const key = folded(read2(each), truthy(caseSensitive));
      if (seen.has(key)) return false;
      seen.set(key, true);
      return true;
    });
  }
};
function folded(value, caseSensitive) {
  return typeof value === "string" && !caseSensitive ? value.toLowerCase() : value;
}
function reader(path, run, preset) {
  const steps = typeof path === "string" ? path.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part) : [path];
  return (value) => {
    let current = value;
    for (const part of steps) {
      current = typeof part === "string" ? itemOrAttribute(current, part, run) : item(current, part, run);
      if (isUndefined(current) && preset !== void 0) return preset;
    }
    return current;
  };
}
function itemOrAttribute(value, name, run) {
  return value instanceof HostObject ? attribute(value, name, run) : item(value, name, run);
}
function mapItems(value, args, kwargs, run) {
  const items = iterate(value);
  if (kwargs && "attribute" in kwargs) {
    const read2 = reader(kwargs["attribute"], run, kwargs["default"]);
    return items.map(read2);
  }
  const [name, ...rest] = args;
  const filter = typeof name === "string" && Object.hasOwn(filters, name) ? filters[name] : void 0;
  if (!filter)
    throw new RuntimeFault(
      `map needs a filter or attribute=, got ${str(name)}`,
      "JINJA_RUNTIME",
      nearestName(str(name), knownFilters)
    );
  return items.map((each) => filter(each, rest, kwargs, run));
}
function select(value, args, run, kind, _kwargs) {
  const read2 = kind.byAttribute ? reader(args[0], run) : (each) => each;
  const [name, ...rest] = kind.byAttribute ? args.slice(1) : args;
  const test = name === void 0 ? truthy : testNamed(name);
  return iterate(value).filter((each) => test(read2(each), rest, run) === kind.wanted);
}
function testNamed(name) {
  const test = typeof name === "string" && Object.hasOwn(tests, name) ? tests[name] : void 0;
  if (!test)
    throw new RuntimeFault(
      `there is no test ${str(name)}`,
      "JINJA_RUNTIME",
      nearestName(str(name), Object.keys(tests))
    );
  return test;
}
function extreme(kind, value, args, kwargs, run) {
  const [caseSensitive, path] = readArguments(kind, ["case_sensitive?", "attribute?"], args, kwargs);
  const read2 = path === void 0 || path === null ? (each) => each : reader(path, run);
  const key = (each) => folded(read2(each), truthy(caseSensitive));
  const items = iterate(value);
  if (items.length === 0) return new Undefined(`there is no ${kind}: the list is empty`);
  return items.reduce((best, each) => {
    const order = compare(key(each), key(best));
    return (kind === "max" ? order > 0 : order < 0) ? each : best;
  });
}
function slices(items, count, fill) {
  limits.items(count);
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  return Array.from({ length: count }, (_, column) => {
    const start = column * size + Math.min(column, longer);
    const part = sliceIndices(items.length, start, start + size + (column < longer ? 1 : 0), 1).map(
      (index2) => items[index2]
    );
    if (fill !== void 0 && fill !== null && column >= longer && longer > 0) part.push(fill);
    return part;
  });
}
var Group = class extends HostObject {
  #grouper;
  #members;
  constructor(grouper, members) {
    super();
    this.#grouper = grouper;
    this.#members = members;
  }
  getAttribute(name) {
    if (name === "grouper") return this.#grouper;
    return name === "list" ? this.#members : void 0;
  }
  getItem(key) {
    return typeof key === "string" ? this.getAttribute(key) : [this.#grouper, this.#members].at(Number(key));
  }
  iterate() {
    return [this.#grouper, this.#members];
  }
  get size() {
    return 2;
  }
  get typeName() {
    return "tuple";
  }
  toString() {
    return str(tuple([this.#grouper, this.#members]));
  }
  get repr() {
    return this.toString();
  }
};

// transform/jinja/text-filters.ts
var escaped = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
var escapeHtml = (value) => str(value).replace(/[&<>"']/g, (character) => escaped[character]);
var textFilters = {
  capitalize: (value) => capitalize(str(value)),
  center(value, args, kwargs) {
    const [width = 80] = readArguments("center", ["width?"], args, kwargs);
    limits.characters(toIndex(width, "the width"));
    return padText(str(value), toIndex(width, "the width"), " ", "both");
  },
  e: escapeHtml,
  escape: escapeHtml,
  forceescape: escapeHtml,
  filesizeformat(value, args, kwargs) {
    const [binary] = readArguments("filesizeformat", ["binary?"], args, kwargs);
    return fileSize(Number(numberOf(value) ?? str(value)), truthy(binary));
  },
  format: (value, args, kwargs) => formatPercent(str(value), kwargs && Object.keys(kwargs).length > 0 ? { ...kwargs } : tuple(args)),
  indent(value, args, kwargs) {
    const [width = 4, first, blank] = readArguments("indent", ["width?", "first?", "blank?"], args, kwargs);
    return indentLines(str(value), width, truthy(first), truthy(blank));
  },
  lower: (value) => str(value).toLowerCase(),
  upper: (value) => str(value).toUpperCase(),
  replace(value, args, kwargs) {
    const [from, to, count] = readArguments("replace", ["old", "new", "count?"], args, kwargs);
    return replaceText(str(value), str(from), str(to), count);
  },
  safe: (value) => value,
  string: (value) => str(value),
  striptags: (value) => str(value).replace(/<!--.*?-->|<[^>]*>/gs, "").replace(/\s+/g, " ").trim(),
  title: (value) => str(value).replace(/([^\s\-({[<]+)/g, (word) => capitalize(word)),
  trim(value, args, kwargs) {
    const [characters] = readArguments("trim", ["chars?"], args, kwargs);
    return stringMethods["strip"]?.(str(value), characters === void 0 ? [] : [characters], null, void 0);
  },
  truncate(value, args, kwargs) {
    const [length2 = 255, kill, end = "...", leeway = 5] = readArguments(
      "truncate",
      ["length?", "killwords?", "end?", "leeway?"],
      args,
      kwargs
    );
    const text4 = str(value);
    const size = toIndex(length2, "the length");
    if (codePoints(text4).length <= size + toIndex(leeway, "the leeway")) return text4;
    const cut = Array.from(text4).slice(0, Math.max(0, size - str(end).length)).join("");
    if (truthy(kill)) return cut + str(end);
    const space = cut.lastIndexOf(" ");
    return (space === -1 ? cut : cut.slice(0, space)) + str(end);
  },
  urlencode(value) {
    if (typeof value === "string") return urlQuote(value).replaceAll("%2F", "/");
    const pairs = isMapping(value) ? mappingEntries(value) : iterate(value).map((pair) => iterate(pair));
    return pairs.map(([key, item2]) => `${urlQuote(str(key))}=${urlQuote(str(item2))}`).join("&").replaceAll("%20", "+");
  },
  urlize: (value) => str(value).replace(/https?:\/\/[^\s<>"']+/g, (url) => `<a href="${url}" rel="noopener">${url}</a>`),
  wordcount: (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  wordwrap(value, args, kwargs) {
    const [width = 79, long = true, wrap = "\n"] = readArguments(
      "wordwrap",
      ["width?", "break_long_words?", "wrapstring?", "break_on_hyphens?"],
      args,
      kwargs
    );
    return str(value).split(/\r\n|\n|\r/).map((line) => wrapLine(line, Math.max(1, toIndex(width, "the width")), truthy(long)).join(str(wrap))).join(str(wrap));
  },
  xmlattr(value) {
    const pairs = isMapping(value) ? mappingEntries(value) : [];
    const written = pairs.filter(([, item2]) => item2 !== null && !isUndefined(item2)).map(
      ([key, item2]) => `${str(escapeHtml(key, [], null, void 0))}="${str(escapeHtml(item2, [], null, void 0))}"`
    );
    return written.length > 0 ? ` ${written.join(" ")}` : "";
  }
};
function indentLines(text4, width, first, blank) {
  const indention = typeof width === "string" ? width : " ".repeat(Math.max(0, Math.min(1e4, toIndex(width, "the width"))));
  const lines = text4.split("\n");
  limits.characters(text4.length + lines.length * indention.length);
  return lines.map(
    (line, index2) => index2 === 0 ? first ? indention + line : line : line === "" && !blank ? line : indention + line
  ).join("\n");
}
function fileSize(bytes, binary) {
  const base = binary ? 1024 : 1e3;
  const prefixes = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const power = Math.min(prefixes.length, Math.floor(Math.log(bytes) / Math.log(base)));
  return `${fixed(bytes / base ** power, 1)} ${prefixes[power - 1]}`;
}
function urlQuote(text4) {
  return encodeURIComponent(text4.replace(/\p{Surrogate}/gu, "\uFFFD")).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  );
}
function wrapLine(line, width, breakLong) {
  const lines = [];
  let current = "";
  for (const word of line.split(" ").flatMap((each) => breakLong ? chunks(each, width) : [each])) {
    if (current !== "" && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
function chunks(word, width) {
  const parts2 = [];
  for (let at2 = 0; at2 < word.length; at2 += width) parts2.push(word.slice(at2, at2 + width));
  return parts2.length > 0 ? parts2 : [""];
}

// transform/jinja/filters.ts
var standard = (value, args, kwargs) => {
  const [preset = "", whenFalse] = readArguments("default", ["default_value?", "boolean?"], args, kwargs);
  return isUndefined(value) || truthy(whenFalse) && !truthy(value) ? preset : value;
};
var filters = Object.assign(
  /* @__PURE__ */ Object.create(null),
  sequenceFilters,
  textFilters,
  {
    abs: (value) => {
      const number = needNumber("abs", value);
      return number < 0 ? typeof number === "bigint" ? -number : value instanceof Float ? float(-number) : -number : value;
    },
    attr: (value, args, kwargs, run) => {
      const [name] = readArguments("attr", ["name"], args, kwargs);
      return attribute(value, str(name), run);
    },
    d: standard,
    default: standard,
    length,
    count: length,
    float: (value, args, kwargs) => {
      const [preset = float(0)] = readArguments("float", ["default?"], args, kwargs);
      const number = numberOf(value);
      if (number !== void 0) return float(Number(number));
      return (typeof value === "string" ? parseFloatText(value) : void 0) ?? preset;
    },
    int: (value, args, kwargs) => {
      const [preset = 0, base = 10] = readArguments("int", ["default?", "base?"], args, kwargs);
      return toInt(value, Number(base)) ?? preset;
    },
    is_list: (value) => Array.isArray(value) && !(value instanceof Tuple),
    pprint: repr,
    round,
    tojson: (value, args, kwargs) => {
      const [indent] = readArguments("tojson", ["indent?"], args, kwargs);
      return jsonForHtml(value, isUndefined(indent) || indent === null ? void 0 : toIndex(indent, "the indent"));
    },
    as_text: (value) => new TextMarker(str(value)),
    as_bool: (value) => new BoolMarker(str(value)),
    as_number: (value) => new NumberMarker(str(value)),
    as_native: (value) => new NativeMarker(str(value))
  }
);
function needNumber(filter, value) {
  const number = numberOf(value);
  if (number !== void 0) return number;
  throwUndefined(value);
  throw new RuntimeFault(`${filter} needs a number, got '${typeName(value)}'`);
}
function toInt(value, base = 10) {
  const number = numberOf(value);
  if (number !== void 0) {
    if (typeof number === "bigint") return number;
    return Number.isFinite(number) ? Math.trunc(number) : void 0;
  }
  if (typeof value !== "string") return void 0;
  const whole = parseIntText(value, base);
  if (whole !== void 0) return whole;
  const fraction = parseFloatText(value);
  return fraction === void 0 || !Number.isFinite(Number(fraction)) ? void 0 : Math.trunc(Number(fraction));
}
function length(value) {
  if (typeof value === "string") return codePoints(value).length;
  if (Array.isArray(value)) return value.length;
  if (isUndefined(value)) return 0;
  if (value instanceof PySet) return value.size;
  if (isMapping(value)) return mappingSize(value);
  const size = value instanceof HostObject ? value.size ?? tryIterate(value)?.length : void 0;
  if (size === void 0) throw new RuntimeFault(`a value of type '${typeName(value)}' has no length`);
  return size;
}
function round(value, args, kwargs) {
  const [precision = 0, method = "common"] = readArguments("round", ["precision?", "method?"], args, kwargs);
  const given = needNumber("round", value);
  const number = Number(given);
  const digits = Math.max(-300, Math.min(300, Number(precision)));
  const scale = 10 ** digits;
  if (method === "ceil") return float(Math.ceil(number * scale) / scale);
  if (method === "floor") return float(Math.floor(number * scale) / scale);
  if (method !== "common") throw new RuntimeFault(`round knows common, ceil and floor, got ${repr(method)}`);
  const rounded = roundHalfEven(number, digits);
  return isInteger(value) ? digits >= 0 ? given : rounded : float(rounded);
}
function roundHalfEven(value, digits) {
  if (!Number.isFinite(value)) return value;
  if (digits > 22) return value;
  if (digits >= 0 && digits <= 20 && Math.abs(value) < 1e15) {
    const scaled = value * 10 ** digits;
    const isTie = Math.abs(scaled % 1) === 0.5 && scaled / 10 ** digits === value && Number.isInteger(value * 2 ** 20);
    if (isTie) {
      const down = Math.floor(scaled);
      return (down % 2 === 0 ? down : down + 1) / 10 ** digits;
    }
    return Number(value.toFixed(digits));
  }
  const scale = 10 ** -digits;
  return Math.round(value / scale) * scale;
}

// transform/jinja/namespace.ts
var Namespace = class extends HostObject {
  values = new Dict();
  getAttribute(name) {
    return this.values.get(name);
  }
  get typeName() {
    return "Namespace";
  }
  toString() {
    return `<Namespace ${str(this.values)}>`;
  }
  get repr() {
    return this.toString();
  }
};

// transform/jinja/globals.ts
var globals = {
  range: hostFunction(function range(args, kwargs) {
    const [first, second, third] = readArguments("range", ["start", "stop?", "step?"], args, kwargs).map(
      (value) => value === void 0 ? void 0 : toIndex(value, "an argument of range()")
    );
    return numbers(second === void 0 ? 0 : first, second ?? first, third ?? 1);
  }),
  dict: hostFunction(function dict(args, kwargs) {
    return filled(new Dict(), args, kwargs);
  }),
  namespace: hostFunction(function namespace(args, kwargs) {
    const made = new Namespace();
    filled(made.values, args, kwargs);
    return made;
  }),
  cycler: hostFunction(function cycler(args) {
    if (args.length === 0) throw new RuntimeFault("cycler() needs values");
    return new Cycler(args);
  }),
  joiner: hostFunction(function joiner(args, kwargs) {
    const [separator = ", "] = readArguments("joiner", ["sep?"], args, kwargs);
    let used = false;
    return hostFunction(() => {
      if (used) return separator;
      used = true;
      return "";
    });
  })
};
function numbers(start, stop, step2) {
  if (step2 === 0) throw new RuntimeFault("the step of range() cannot be 0");
  const count = Math.max(0, Math.ceil((stop - start) / step2));
  limits.items(count);
  return Array.from({ length: count }, (_, index2) => start + index2 * step2);
}
function filled(made, args, kwargs) {
  for (const source of args) updateFrom(made, source);
  for (const key of Object.keys(kwargs)) made.set(key, kwargs[key]);
  return made;
}
var Cycler = class extends HostObject {
  #items;
  #position = 0;
  constructor(items) {
    super();
    this.#items = items;
  }
  getAttribute(name) {
    if (name === "current") return this.#items[this.#position];
    if (name === "next")
      return hostFunction(() => {
        const current = this.#items[this.#position];
        this.#position = (this.#position + 1) % this.#items.length;
        return current;
      });
    if (name !== "reset") return void 0;
    return hostFunction(() => {
      this.#position = 0;
    });
  }
  toString() {
    return "<Cycler>";
  }
};

// transform/jinja/loop.ts
var Loop = class extends Callable {
  name = "loop";
  /** From 0. */
  index = 0;
  #items;
  #depth;
  #recursion;
  #changed;
  constructor(items, depth, recursion) {
    super();
    this.#items = items;
    this.#depth = depth;
    this.#recursion = recursion;
  }
  getAttribute(name) {
    const { index: index2 } = this;
    const { length: length2 } = this.#items;
    switch (name) {
      case "index":
        return index2 + 1;
      case "index0":
        return index2;
      case "revindex":
        return length2 - index2;
      case "revindex0":
        return length2 - index2 - 1;
      case "first":
        return index2 === 0;
      case "last":
        return index2 === length2 - 1;
      case "length":
        return length2;
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return index2 > 0 ? this.#items[index2 - 1] : new Undefined("there is no previous item");
      case "nextitem":
        return index2 + 1 < length2 ? this.#items[index2 + 1] : new Undefined("there is no next item");
      case "cycle":
        return new LoopFunction("cycle", (args) => this.#cycle(args));
      case "changed":
        return new LoopFunction("changed", (args) => this.#hasChanged(args));
    }
    return void 0;
  }
  call(run, args, kwargs) {
    if (!this.#recursion) throw new RuntimeFault("this loop cannot be called: mark it with 'recursive'");
    if (args.length !== 1 || kwargs) throw new RuntimeFault("loop() takes the items to loop over");
    const result = this.#recursion(run, iterate(args[0]), this.#depth + 1, this.#recursion);
    return run.sync ? result : new Waiting(result);
  }
  #cycle(args) {
    if (args.length === 0) throw new RuntimeFault("cycle() needs values");
    return args[this.index % args.length];
  }
  #hasChanged(args) {
    const same = this.#changed !== void 0 && equals(tuple(this.#changed), tuple(args));
    this.#changed = args;
    return !same;
  }
};
var LoopFunction = class extends Callable {
  name;
  #body;
  constructor(name, body) {
    super();
    this.name = name;
    this.#body = body;
  }
  call(_run, args) {
    return this.#body(args);
  }
};

// transform/jinja/runtime.ts
var runtime = {
  MacroReturn,
  Waiting,
  LocalMacro,
  Loop,
  attribute,
  call,
  callMethod,
  compare,
  concat,
  dict: dict2,
  enter,
  equals,
  fail,
  filters,
  finish,
  float,
  isIn: (value, container) => contains(container, value),
  item,
  iterate,
  keywords,
  lookup,
  nothing: new Undefined("the inline if has no else and its condition is false"),
  operate,
  override,
  setAttribute,
  signed,
  slice,
  step,
  str,
  tests,
  truthy,
  tuple,
  undefinedParameter: (name) => new Undefined(`parameter '${name}' was not provided`),
  unpack
};
function lookup(context, name) {
  const value = context.get(name);
  if (value !== void 0) return value;
  if (Object.hasOwn(globals, name)) return globals[name];
  return new Undefined(
    `'${name}' is undefined`,
    () => nearestName(name, [...context.names?.() ?? [], ...Object.keys(globals)])
  );
}
function override(context, name) {
  return context.get(name);
}
function callMethod(object4, name, args, kwargs, run) {
  const method = methodOf(object4, name);
  if (!method) return call(attribute(object4, name, run), args, kwargs, run);
  if (--run.stepsLeft < 0) throw stepsExceeded();
  const result = method(object4, args, kwargs, run);
  return result === void 0 ? null : result;
}
function dict2(keysAndValues) {
  const made = new Dict();
  for (let index2 = 0; index2 < keysAndValues.length; index2 += 2)
    made.set(hashable(keysAndValues[index2]), keysAndValues[index2 + 1]);
  return made;
}
function hashable(key) {
  if (isMapping(key) || typeName(key) === "list")
    throw new RuntimeFault(`a ${typeName(key)} cannot be the key of a dict`);
  return key;
}
function keywords(value) {
  if (!isMapping(value)) throw new RuntimeFault(`** needs a dict, got '${typeName(value)}'`);
  const made = /* @__PURE__ */ Object.create(null);
  for (const [key, item2] of mappingEntries(copyMapping(value))) made[str(key)] = item2;
  return made;
}
function setAttribute(object4, name, value) {
  if (!(object4 instanceof Namespace))
    throw new RuntimeFault(
      `cannot set an attribute of '${typeName(object4)}': only namespace() has ones that can be set`
    );
  object4.values.set(name, value);
}
function unpack(value, count) {
  const items = iterate(value);
  if (items.length !== count) throw new RuntimeFault(`${count} values are needed to unpack, got ${items.length}`);
  return [...items];
}
function enter(run) {
  if (run.depth >= limitValues.depthMax)
    throw new RuntimeFault(
      `more than ${limitValues.depthMax} calls are open: a macro calls itself without end`,
      "JINJA_LIMIT"
    );
  run.depth++;
}
function step(run, length2) {
  if (--run.stepsLeft < 0) throw stepsExceeded();
  if (length2 > run.charsLeft) limits.characters(Number.POSITIVE_INFINITY);
}
function finish(run, text4) {
  run.charsLeft -= text4.length;
  if (run.charsLeft < 0) limits.characters(Number.POSITIVE_INFINITY);
  return text4;
}
function fail(source, error, offset) {
  if (error instanceof MacroReturn) return error;
  if (error instanceof TemplateError) {
    error.addCall(source, offset);
    return error;
  }
  if (error instanceof RuntimeFault)
    return new TemplateError(
      error.code,
      error.message,
      source,
      offset,
      error.hint === void 0 ? {} : { hint: error.hint }
    );
  if (error instanceof MillraceError)
    return new TemplateError(error.code, error.message, source, offset, {
      cause: error,
      ...error.hint === void 0 ? {} : { hint: error.hint }
    });
  if (error instanceof RangeError)
    return new TemplateError("JINJA_LIMIT", `the template needs more than it may: ${error.message}`, source, offset, {
      cause: error
    });
  const message = error instanceof Error ? error.message : String(error);
  return new TemplateError("JINJA_RUNTIME", message, source, offset, { cause: error });
}

// transform/jinja/instantiate.ts
var names = Object.keys(runtime);
var values = Object.values(runtime);
function instantiate(write2, source) {
  return withinStack(source, () => {
    const make = new Function(...names, "$s", `"use strict";
return ${write2()};`);
    return make(...values, source);
  });
}

// transform/jinja/parser.ts
function parseTemplate(source) {
  return withinStack(source, () => new Parser(source).parse());
}
var notInDbt = /* @__PURE__ */ new Set(["include", "import", "from", "extends", "block", "autoescape", "trans"]);
var tags = [
  "if",
  "for",
  "set",
  "do",
  "call",
  "filter",
  "with",
  "break",
  "continue",
  "macro",
  "test",
  "data_test",
  "materialization",
  "snapshot",
  "docs",
  "raw"
];
var Parser = class {
  #reader;
  /** Names of the tags that are open, for messages and for `break`. */
  #open = [];
  constructor(source) {
    this.#reader = new TokenReader(source);
  }
  parse() {
    const body = this.#body([]);
    if (!this.#reader.is("end")) throw this.#reader.unexpected("expected the end of the template");
    return body;
  }
  /** Statements up to `{% name`, where name is one of the ends; the reader then stands on that name. */
  #body(ends) {
    const reader2 = this.#reader;
    const body = [];
    for (; ; ) {
      const token = reader2.next();
      switch (token.type) {
        case "data":
          body.push({ kind: "text", text: token.value });
          break;
        case "output-begin": {
          const expression = parseTupleExpression(reader2);
          reader2.expect("output-end", void 0, "to close the output");
          body.push({ kind: "output", expression, at: token.at });
          break;
        }
        case "block-begin": {
          if (ends.length > 0 && reader2.isName(...ends)) return body;
          body.push(this.#statement(token.at));
          break;
        }
        default:
          if (ends.length === 0) return body;
          throw this.#unclosed(ends);
      }
    }
  }
  #unclosed(ends) {
    const open = this.#open.at(-1) ?? "block";
    return this.#reader.fault(`the template ends inside {% ${open} %}: {% ${ends.at(-1)} %} is missing`);
  }
  /** One tag and, where it has one, its body. The reader stands behind `{%`. */
  #statement(at2) {
    const reader2 = this.#reader;
    const word = reader2.expect("name", void 0, "as the name of a tag");
    reader2.descend();
    this.#open.push(word.value);
    const statement = this.#read(word.value, at2, word.at);
    this.#open.pop();
    reader2.ascend();
    return statement;
  }
  #read(tag, at2, tagAt) {
    switch (tag) {
      case "if":
        return this.#if(at2);
      case "for":
        return this.#for(at2);
      case "set":
        return this.#set(at2);
      case "do": {
        const expression = parseTupleExpression(this.#reader);
        this.#closeTag();
        return { kind: "do", expression, at: at2 };
      }
      case "call":
        return this.#callBlock(at2);
      case "filter": {
        const filters2 = parseFilterSteps(this.#reader);
        return { kind: "filter-block", filters: filters2, body: this.#bodyOf(["endfilter"]), at: at2 };
      }
      case "with":
        return this.#with(at2);
      case "break":
      case "continue":
        return this.#jump(tag, at2, tagAt);
      case "macro":
      case "test":
      case "data_test":
      case "materialization":
      case "snapshot":
      case "docs":
        return { kind: "definition", definition: this.#definition(tag, at2) };
    }
    throw this.#unknownTag(tag, tagAt);
  }
  #unknownTag(tag, at2) {
    const open = this.#open.at(-2);
    if (notInDbt.has(tag)) return this.#reader.fault(`the tag '${tag}' does not exist in dbt's Jinja`, at2);
    const inside = open === void 0 ? "" : ` inside {% ${open} %}`;
    return this.#reader.fault(`unexpected tag '${tag}'${inside}`, at2, nearestName(tag, tags));
  }
  #closeTag() {
    this.#reader.expect("block-end", void 0, "to close the tag");
  }
  /** The rest of the tag, the body up to one of the ends, and that end's tag. `{% if x: %}` is allowed as in Jinja. */
  #bodyOf(ends) {
    const body = this.#bodyUpTo(ends);
    this.#reader.next();
    this.#closeTag();
    return body;
  }
  #bodyUpTo(ends) {
    this.#reader.skipOperator(":");
    this.#closeTag();
    return this.#body(ends);
  }
  #if(at2) {
    const reader2 = this.#reader;
    const branches = [];
    let otherwise = [];
    for (let word = "if"; word !== "endif"; ) {
      if (word === "else") {
        otherwise = this.#bodyUpTo(["endif"]);
      } else {
        const test = parseTupleExpression(reader2, { conditional: false });
        branches.push({ test, body: this.#bodyUpTo(["elif", "else", "endif"]) });
      }
      word = reader2.next().value;
    }
    this.#closeTag();
    return { kind: "if", branches, otherwise, at: at2 };
  }
  #for(at2) {
    const reader2 = this.#reader;
    const target = this.#target(false);
    reader2.expect("name", "in", "in the for");
    const iterable = parseTupleExpression(reader2, { conditional: false });
    const condition = reader2.skip("name", "if") ? parseExpression(reader2) : void 0;
    const recursive = reader2.skip("name", "recursive");
    const body = this.#bodyUpTo(["else", "endfor"]);
    const otherwise = reader2.skip("name", "else") ? this.#bodyUpTo(["endfor"]) : [];
    reader2.next();
    this.#closeTag();
    return { kind: "for", target, iterable, condition, recursive, body, otherwise, at: at2 };
  }
  #set(at2) {
    const reader2 = this.#reader;
    const target = this.#target(true);
    if (reader2.skipOperator("=")) {
      const value = parseTupleExpression(reader2);
      this.#closeTag();
      return { kind: "set", target, value, at: at2 };
    }
    const filters2 = reader2.skipOperator("|") ? parseFilterSteps(reader2) : [];
    return { kind: "set-block", target, filters: filters2, body: this.#bodyOf(["endset"]), at: at2 };
  }
  #callBlock(at2) {
    const reader2 = this.#reader;
    const parameters = reader2.isOperator("(") ? this.#parameters() : [];
    const call2 = parseExpression(reader2);
    if (call2.kind !== "call") throw reader2.fault("{% call %} needs a call, such as {% call statement() %}", call2.at);
    return { kind: "call-block", call: call2, parameters, body: this.#bodyOf(["endcall"]), at: at2 };
  }
  #with(at2) {
    const reader2 = this.#reader;
    const assignments = [];
    while (!reader2.is("block-end")) {
      if (assignments.length > 0) reader2.expectOperator(",", "between assignments");
      const target = this.#target(false, false);
      reader2.expectOperator("=", "in the with");
      assignments.push({ target, value: parseExpression(reader2) });
    }
    return { kind: "with", assignments, body: this.#bodyOf(["endwith"]), at: at2 };
  }
  #jump(kind, at2, tagAt) {
    const inner = this.#open.slice(
      this.#open.findLastIndex((tag) => ["call", "macro", "test", "data_test", "materialization"].includes(tag)) + 1
    );
    if (!inner.includes("for")) throw this.#reader.fault(`${kind} stands outside a loop`, tagAt);
    this.#closeTag();
    return { kind, at: at2 };
  }
  /** `a`, `a, b`, `(a, b)` or, where allowed, `ns.attribute`. */
  #target(namespace2, several = true) {
    const reader2 = this.#reader;
    const at2 = reader2.current.at;
    const first = this.#singleTarget(namespace2);
    if (!several || !reader2.isOperator(",")) return first;
    const items = [first];
    while (reader2.skipOperator(",")) {
      if (reader2.isName("in") || reader2.isOperator("=")) break;
      items.push(this.#singleTarget(namespace2));
    }
    return { kind: "tuple", items, at: at2 };
  }
  #singleTarget(namespace2) {
    const reader2 = this.#reader;
    if (reader2.skipOperator("(")) {
      const inner = this.#target(namespace2);
      reader2.expectOperator(")", "to close the names");
      return inner;
    }
    const { value: name, at: at2 } = reader2.expect("name", void 0, "to assign to");
    if (["true", "false", "none", "True", "False", "None"].includes(name))
      throw reader2.fault(`cannot assign to ${name}`, at2);
    if (!namespace2 || !reader2.skipOperator(".")) return { kind: "name", name, at: at2 };
    return {
      kind: "namespace",
      object: name,
      attribute: reader2.expect("name", void 0, "behind the dot").value,
      at: at2
    };
  }
  #definition(tag, at2) {
    const reader2 = this.#reader;
    const kind = tag === "data_test" ? "test" : tag;
    const name = reader2.expect("name", void 0, `as the name of the ${tag}`).value;
    const shape = { parameters: [], adapter: void 0, languages: ["sql"] };
    if (kind === "macro" || kind === "test") shape.parameters = this.#parameters();
    if (kind === "materialization") Object.assign(shape, this.#materializationOptions(name));
    const ends = tag === "data_test" ? ["enddata_test", "endtest"] : [`end${tag}`];
    const body = this.#bodyUpTo(ends);
    reader2.next();
    if (reader2.isName(name)) reader2.next();
    const end = reader2.current.end;
    this.#closeTag();
    return { kind, name, ...shape, body, at: at2, end };
  }
  #materializationOptions(name) {
    const reader2 = this.#reader;
    const options = { adapter: "default", languages: ["sql"] };
    while (reader2.skipOperator(",")) {
      const word = reader2.expect("name", void 0, "as an option of the materialization");
      if (word.value === "default") continue;
      reader2.expectOperator("=", `behind ${word.value}`);
      const value = parseExpression(reader2);
      if (word.value === "adapter" && value.kind === "constant") options.adapter = String(value.value);
      else if (word.value === "supported_languages" && value.kind === "list") {
        options.languages = value.items.flatMap((item2) => item2.kind === "constant" ? [String(item2.value)] : []);
      } else throw reader2.fault(`the materialization ${name} has an option that is not known: ${word.value}`, word.at);
    }
    return options;
  }
  /** `(a, b: int = 3)`. Types are kept as they are written. */
  #parameters() {
    const reader2 = this.#reader;
    const parameters = [];
    reader2.expectOperator("(", "before the parameters");
    while (!reader2.isOperator(")")) {
      const { value: name, at: at2 } = reader2.expect("name", void 0, "as a parameter");
      if (parameters.some((other) => other.name === name)) throw reader2.fault(`the parameter ${name} stands twice`, at2);
      const type = reader2.skipOperator(":") ? this.#parameterType() : void 0;
      const preset = reader2.skipOperator("=") ? parseExpression(reader2) : void 0;
      if (!preset && parameters.at(-1)?.default)
        throw reader2.fault(`the parameter ${name} without a default stands behind one that has one`, at2);
      if (!preset && name === "caller") throw reader2.fault("the parameter caller needs a default", at2);
      parameters.push({ name, type, default: preset, at: at2 });
      if (!reader2.skipOperator(",")) break;
    }
    reader2.expectOperator(")", "after the parameters");
    return parameters;
  }
  /** `string`, `list[string]`, `dict[string, int]`. */
  #parameterType() {
    const reader2 = this.#reader;
    reader2.descend();
    let type = reader2.expect("name", void 0, "as a type").value;
    if (reader2.skipOperator("[")) {
      const inner = [];
      do
        inner.push(this.#parameterType());
      while (reader2.skipOperator(","));
      reader2.expectOperator("]", "to close the type");
      type += `[${inner.join(", ")}]`;
    }
    reader2.ascend();
    return type;
  }
};

// transform/jinja/run.ts
function newRun(options) {
  return {
    sync: options.sync,
    lenient: options.lenient ?? false,
    stepsLeft: options.stepsMax ?? limitValues.stepsMax,
    charsLeft: options.charsMax ?? limitValues.charsMax,
    depth: 0
  };
}

// transform/jinja/template.ts
var Template = class {
  source;
  #body;
  #text;
  #steps;
  #values;
  constructor(source) {
    this.source = source;
    this.#body = parseTemplate(source);
  }
  /** The text, at once. A function of the host that answers a promise makes it fail. Throws TemplateError. */
  renderSync(context, options = {}) {
    this.#text ??= this.#compile("sync", "text");
    return this.#text(newRun({ sync: true, ...options }), toContext(context));
  }
  /** The text, waiting for what functions of the host promise in the middle of expressions. Rejects with TemplateError. */
  async render(context, options = {}) {
    this.#steps ??= this.#compile("async", "text");
    return await runSteps(this.#steps(newRun({ sync: false, ...options }), toContext(context)));
  }
  /**
   * The value, as dbt renders what stands in YAML: a template that is one expression gives the value of it (a list stays
   * a list; text is read as a literal only with `as_native`, `as_bool` or `as_number`), anything else gives text.
   */
  renderNative(context, options = {}) {
    const [only] = this.#body;
    if (!only) return "";
    if (this.#body.length === 1 && only.kind === "text") return only.text;
    this.#values ??= this.#compile("sync", "values");
    return nativeResult(this.#values(newRun({ sync: true, ...options }), toContext(context)));
  }
  #compile(mode, output) {
    return instantiate(() => generateTemplate(this.#body, mode, output), this.source);
  }
};
function sourceOf(text4, options) {
  const lines = text4.includes("\r") ? text4.replace(/\r\n?/g, "\n") : text4;
  return {
    path: options.path,
    text: lines.endsWith("\n") ? lines.slice(0, -1) : lines,
    firstLine: options.firstLine ?? 1
  };
}

// transform/jinja/blocks.ts
function splitBlocks(text4, options) {
  const source = sourceOf(text4, options);
  const reader2 = new TokenReader(source);
  const blocks = [];
  while (!reader2.is("end")) {
    const token = reader2.next();
    if (token.type !== "block-begin" || !reader2.isName(...options.allowed)) continue;
    blocks.push(readBlock(reader2, source, token.at));
  }
  return blocks;
}
function readBlock(reader2, source, at2) {
  const kind = reader2.next().value;
  const name = reader2.expect("name", void 0, `as the name of the ${kind}`);
  while (!reader2.is("block-end")) {
    if (reader2.is("end")) throw reader2.fault("this tag is not closed", at2);
    reader2.next();
  }
  const opening = reader2.next();
  const bodyStart = opening.end;
  const ends = kind === "data_test" ? ["enddata_test", "endtest"] : [`end${kind}`];
  for (; ; ) {
    const token = reader2.next();
    if (token.type === "end")
      throw reader2.fault(`{% ${kind} ${name.value} %} is not closed: {% ${ends[0]} %} is missing`, at2);
    if (token.type !== "block-begin" || !reader2.isName(...ends)) continue;
    while (!reader2.is("block-end")) reader2.next();
    const closing = reader2.next();
    return {
      kind,
      name: name.value,
      argsSource: source.text.slice(name.end, opening.at).trim(),
      source: source.text.slice(bodyStart, token.at),
      text: source.text.slice(at2, closing.end),
      line: locate(source, at2).line,
      bodyLine: locate(source, bodyStart).line
    };
  }
}

// transform/jinja/convert.ts
var depthMax2 = 200;
function toHost(value, depth = 0) {
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax2) throw new RuntimeFault("the value is nested too deeply, or holds itself");
  if (value instanceof Float) return value.value;
  if (isUndefined(value)) return null;
  if (Array.isArray(value) || value instanceof PySet) return [...value].map((item2) => toHost(item2, depth + 1));
  if (!isMapping(value)) return value;
  const made = {};
  for (const [key, item2] of mappingEntries(value))
    Object.defineProperty(made, String(key), {
      value: toHost(item2, depth + 1),
      enumerable: true,
      writable: true,
      configurable: true
    });
  return made;
}
function fromHost(value, depth = 0) {
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax2) throw new RuntimeFault("the value is nested too deeply, or holds itself");
  if (Array.isArray(value)) return value.map((item2) => fromHost(item2, depth + 1));
  if (!isMapping(value)) return value;
  const made = new Dict();
  for (const [key, item2] of mappingEntries(value)) made.set(key, fromHost(item2, depth + 1));
  return made;
}

// transform/jinja/library.ts
import { createHash } from "node:crypto";

// transform/jinja/python/calendar.ts
var dayMs = 864e5;
var dayMicros = 864e8;
var firstDay = Date.UTC(2e3, 0, 1) / dayMs - 730119;
var lastDay = Date.UTC(9999, 11, 31) / dayMs;
function dayNumber(year, month, day) {
  if (!(year >= 1 && year <= 9999)) throw new RuntimeFault(`year ${year} is out of range`);
  if (!(month >= 1 && month <= 12)) throw new RuntimeFault("month must be in 1..12");
  if (!(day >= 1 && day <= daysInMonth(year, month))) throw new RuntimeFault("day is out of range for month");
  return Date.UTC(year + 400, month - 1, day) / dayMs - 146097;
}
function daysInMonth(year, month) {
  return new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
}
function dateFields(day) {
  if (day < firstDay || day > lastDay) throw new RuntimeFault("date value out of range");
  const date = new Date(day * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
function weekday(day) {
  return ((day + 3) % 7 + 7) % 7;
}
function dayOfYear(day) {
  return day - dayNumber(dateFields(day).year, 1, 1) + 1;
}
function isoCalendar(day) {
  const thursday = day - weekday(day) + 3;
  const { year } = dateFields(thursday);
  return [year, Math.floor((dayOfYear(thursday) - 1) / 7) + 1, weekday(day) + 1];
}
function timeMicros({ hour, minute, second, microsecond }) {
  if (!(hour >= 0 && hour < 24)) throw new RuntimeFault("hour must be in 0..23");
  if (!(minute >= 0 && minute < 60)) throw new RuntimeFault("minute must be in 0..59");
  if (!(second >= 0 && second < 60)) throw new RuntimeFault("second must be in 0..59");
  if (!(microsecond >= 0 && microsecond < 1e6)) throw new RuntimeFault("microsecond must be in 0..999999");
  return ((hour * 60 + minute) * 60 + second) * 1e6 + microsecond;
}
function timeFields(micros) {
  const seconds = Math.floor(micros / 1e6);
  return {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: micros % 1e6
  };
}
function pad2(value, width) {
  return String(value).padStart(width, "0");
}
function timeText(micros) {
  const { hour, minute, second, microsecond } = timeFields(micros);
  const fraction = microsecond === 0 ? "" : `.${pad2(microsecond, 6)}`;
  return `${pad2(hour, 2)}:${pad2(minute, 2)}:${pad2(second, 2)}${fraction}`;
}
function dateText(day) {
  const { year, month, day: dayOfMonth } = dateFields(day);
  return `${pad2(year, 4)}-${pad2(month, 2)}-${pad2(dayOfMonth, 2)}`;
}

// transform/jinja/python/zone.ts
import { IANAZone } from "luxon";
var Zone = class _Zone extends HostObject {
  name;
  #iana;
  #fixedMinutes;
  constructor(name, fixedMinutes) {
    super();
    this.name = name;
    this.#fixedMinutes = fixedMinutes ?? 0;
    this.#iana = fixedMinutes === void 0 ? IANAZone.create(name) : void 0;
    if (this.#iana && !this.#iana.isValid) throw new RuntimeFault(`there is no time zone '${name}'`);
  }
  /** Minutes east of UTC at a moment, epoch milliseconds. */
  offsetAt(epochMs) {
    return this.#iana ? this.#iana.offset(epochMs) : this.#fixedMinutes;
  }
  /** Minutes east of UTC where the wall shows this time; of two, the earlier moment's, as pytz takes standard time last. */
  offsetOfWall(day, micros) {
    const wallMs = day * 864e5 + Math.floor(micros / 1e3);
    const first = this.offsetAt(wallMs - this.offsetAt(wallMs) * 6e4);
    return this.offsetAt(wallMs - first * 6e4);
  }
  /** The short name at a moment: `UTC`, `EST`. */
  abbreviationAt(epochMs) {
    if (!this.#iana) return this.name;
    return this.#iana.offsetName(epochMs, { format: "short", locale: "en-US" }) ?? this.name;
  }
  getAttribute(name) {
    if (name === "zone") return this.name;
    if (name === "localize")
      return hostFunction((args) => {
        const [value] = args;
        if (!(value instanceof HostObject) || !hasZone(value)) throw new RuntimeFault("localize() needs a datetime");
        return value.withZone(this);
      });
    return void 0;
  }
  equals(other) {
    return other instanceof _Zone && other.name === this.name;
  }
  get typeName() {
    return "tzinfo";
  }
  toString() {
    return this.name;
  }
  get repr() {
    return this.name === "UTC" ? "<UTC>" : `<DstTzInfo '${this.name}'>`;
  }
};
var utc = new Zone("UTC", 0);
function hasZone(value) {
  return typeof value.withZone === "function";
}
function offsetText(minutes, colon = ":") {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad2(Math.floor(size / 60), 2)}${colon}${pad2(Math.floor(size % 60), 2)}`;
}
function toUtc(day, micros, offsetMinutes) {
  const shifted = micros - offsetMinutes * 6e7;
  const carried = Math.floor(shifted / dayMicros);
  return { day: day + carried, micros: shifted - carried * dayMicros };
}

// transform/jinja/python/strftime.ts
var monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
];
var dayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
function strftime(moment2, format) {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare, directive2) => {
    const text4 = directiveText(moment2, directive2);
    if (text4 === void 0) return whole;
    return bare ? text4.replace(/^0+(?=.)/, "") : text4;
  });
}
function directiveText(moment2, directive2) {
  const { year, month, day } = dateFields(moment2.day);
  const { hour, minute, second, microsecond } = timeFields(moment2.micros);
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  switch (directive2) {
    case "Y":
      return String(year);
    case "y":
      return pad2(year % 100, 2);
    case "m":
      return pad2(month, 2);
    case "d":
      return pad2(day, 2);
    case "e":
      return String(day).padStart(2);
    case "H":
      return pad2(hour, 2);
    case "I":
      return pad2(hour12, 2);
    case "M":
      return pad2(minute, 2);
    case "S":
      return pad2(second, 2);
    case "f":
      return pad2(microsecond, 6);
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "j":
      return pad2(dayOfYear(moment2.day), 3);
    case "a":
      return dayNames[weekday(moment2.day)]?.slice(0, 3);
    case "A":
      return dayNames[weekday(moment2.day)];
    case "b":
    case "h":
      return monthNames[month - 1]?.slice(0, 3);
    case "B":
      return monthNames[month - 1];
    default:
      return rareText(moment2, directive2);
  }
}
function rareText(moment2, directive2) {
  const { year } = dateFields(moment2.day);
  switch (directive2) {
    case "w":
      return String((weekday(moment2.day) + 1) % 7);
    case "u":
      return String(weekday(moment2.day) + 1);
    case "U":
      return pad2(Math.floor((dayOfYear(moment2.day) + 6 - (weekday(moment2.day) + 1) % 7) / 7), 2);
    case "W":
      return pad2(Math.floor((dayOfYear(moment2.day) + 6 - weekday(moment2.day)) / 7), 2);
    case "G":
      return String(isoCalendar(moment2.day)[0]);
    case "V":
      return pad2(isoCalendar(moment2.day)[1], 2);
    case "C":
      return pad2(Math.floor(year / 100), 2);
    case "z":
      return moment2.offset === void 0 ? "" : offsetText(moment2.offset, "");
    case "Z":
      return moment2.zoneName;
    case "s":
      return String(Math.floor((moment2.day * 864e5 + moment2.micros / 1e3) / 1e3 - (moment2.offset ?? 0) * 60));
    case "F":
      return dateText(moment2.day);
    case "T":
    case "X":
      return timeText(moment2.micros).slice(0, 8);
    case "D":
    case "x":
      return strftime(moment2, "%m/%d/%y");
    case "R":
      return timeText(moment2.micros).slice(0, 5);
    case "c":
      return strftime(moment2, "%a %b %e %H:%M:%S %Y");
    case "%":
      return "%";
  }
  return void 0;
}
var parts = {
  Y: String.raw`(?<Y>\d{4})`,
  y: String.raw`(?<y>\d{2})`,
  m: "(?<m>1[0-2]|0?[1-9])",
  d: String.raw`(?<d>3[01]|[12]\d|0?[1-9]| [1-9])`,
  H: String.raw`(?<H>2[0-3]|[01]?\d)`,
  I: "(?<I>1[0-2]|0?[1-9])",
  M: String.raw`(?<M>[0-5]?\d)`,
  S: String.raw`(?<S>6[01]|[0-5]?\d)`,
  f: String.raw`(?<f>\d{1,6})`,
  p: "(?<p>am|pm)",
  j: String.raw`(?<j>36[0-6]|3[0-5]\d|[12]\d\d|0?\d?\d)`,
  b: `(?<b>${monthNames.map((name) => name.slice(0, 3)).join("|")})`,
  B: `(?<B>${monthNames.join("|")})`,
  a: `(?:${dayNames.map((name) => name.slice(0, 3)).join("|")})`,
  A: `(?:${dayNames.join("|")})`,
  z: String.raw`(?<z>[+-]\d\d:?\d\d|Z)`,
  Z: "(?:UTC|GMT)",
  "%": "%"
};
function strptime(text4, format) {
  const pattern = format.replace(/%([a-zA-Z%])|\s+|[\\^$.*+?()[\]{}|/]/g, (whole, directive2) => {
    if (directive2 === void 0) return /\s/.test(whole) ? String.raw`\s+` : `\\${whole}`;
    const part = parts[directive2];
    if (part === void 0) throw new RuntimeFault(`'${directive2}' is a bad directive in format '${format}'`);
    return part;
  });
  const fields = compilePattern(pattern, format).exec(text4)?.groups;
  if (!fields && !new RegExp(`^${pattern}$`, "i").test(text4))
    throw new RuntimeFault(`time data '${text4}' does not match format '${format}'`);
  return momentOf(fields ?? {});
}
function compilePattern(pattern, format) {
  try {
    return new RegExp(`^${pattern}$`, "i");
  } catch {
    throw new RuntimeFault(`a directive stands twice in format '${format}'`);
  }
}
function momentOf(fields) {
  const number = (name, preset) => fields[name] === void 0 ? preset : Number(fields[name]);
  const short = fields["y"] === void 0 ? 1900 : number("y", 0) + (number("y", 0) < 69 ? 2e3 : 1900);
  const year = number("Y", short);
  const named = (fields["b"] ?? fields["B"])?.slice(0, 3).toLowerCase();
  const month = named === void 0 ? number("m", 1) : monthNames.findIndex((name) => name.toLowerCase().startsWith(named)) + 1;
  const day = fields["j"] === void 0 ? dayNumber(year, month, number("d", 1)) : dayNumber(year, 1, 1) + number("j", 1) - 1;
  const hour = fields["I"] === void 0 ? number("H", 0) : number("I", 12) % 12 + (/pm/i.test(fields["p"] ?? "") ? 12 : 0);
  const micros = timeMicros({
    hour,
    minute: number("M", 0),
    second: Math.min(59, number("S", 0)),
    microsecond: Number((fields["f"] ?? "0").padEnd(6, "0"))
  });
  return { day, micros, zone: zoneMinutes(fields["z"]) };
}
function zoneMinutes(text4) {
  if (text4 === void 0) return void 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(text4) ?? [];
  if (sign === void 0) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

// transform/jinja/python/timedelta.ts
var daysMax = 999999999;
var TimeDelta = class _TimeDelta extends HostObject {
  days;
  /** 0 up to a day. */
  micros;
  constructor(days, micros) {
    super();
    const carried = Math.floor(micros / dayMicros);
    this.days = days + carried;
    this.micros = micros - carried * dayMicros;
    if (!(Math.abs(this.days) <= daysMax)) throw new RuntimeFault(`days=${this.days}: a timedelta is out of range`);
  }
  getAttribute(name) {
    switch (name) {
      case "days":
        return this.days;
      case "seconds":
        return Math.floor(this.micros / 1e6);
      case "microseconds":
        return this.micros % 1e6;
      case "total_seconds":
        return hostFunction(() => float(this.seconds));
    }
    return void 0;
  }
  get seconds() {
    return this.days * 86400 + this.micros / 1e6;
  }
  equals(other) {
    return other instanceof _TimeDelta && other.days === this.days && other.micros === this.micros;
  }
  compare(other) {
    return other instanceof _TimeDelta ? this.days - other.days || this.micros - other.micros : void 0;
  }
  get truthy() {
    return this.days !== 0 || this.micros !== 0;
  }
  operate(operator, other, reflected) {
    if (other instanceof _TimeDelta) {
      if (operator === "+") return new _TimeDelta(this.days + other.days, this.micros + other.micros);
      if (operator === "-") return new _TimeDelta(this.days - other.days, this.micros - other.micros);
      if (operator === "/") return float(this.seconds / other.seconds);
      if (operator === "//") return Math.floor(this.seconds / other.seconds);
    }
    const factor = numberOf(other);
    if (factor === void 0) return void 0;
    if (operator === "*") return timedelta(this.days * Number(factor), this.micros * Number(factor));
    if (operator !== "/" && operator !== "//") return void 0;
    if (Number(factor) === 0) throw new RuntimeFault("division by zero");
    return reflected ? void 0 : timedelta(this.days / Number(factor), this.micros / Number(factor));
  }
  get typeName() {
    return "timedelta";
  }
  toString() {
    const days = this.days === 0 ? "" : `${this.days} day${Math.abs(this.days) === 1 ? "" : "s"}, `;
    return days + timeText(this.micros).replace(/^0/, "");
  }
  get repr() {
    const parts2 = [
      ["days", this.days],
      ["seconds", Math.floor(this.micros / 1e6)],
      ["microseconds", this.micros % 1e6]
    ].flatMap(([name, value]) => value === 0 ? [] : [`${name}=${value}`]);
    return `datetime.timedelta(${parts2.join(", ") || "0"})`;
  }
};
function timedelta(days, micros) {
  const whole = Math.trunc(days);
  return new TimeDelta(whole, Math.round((days - whole) * dayMicros + micros));
}
var unitNames = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
var timedeltaClass = hostFunction(function timedelta_(args, kwargs) {
  const given = readArguments(
    "timedelta",
    unitNames.map((name) => `${name}?`),
    args,
    kwargs
  ).map((value) => {
    if (isUndefined(value)) return 0;
    const number = numberOf(value);
    if (number === void 0) throw new RuntimeFault("timedelta() needs numbers");
    return Number(number);
  });
  const [days = 0, seconds = 0, microseconds = 0, milliseconds = 0, minutes = 0, hours = 0, weeks = 0] = given;
  const micros = seconds * 1e6 + microseconds + milliseconds * 1e3 + minutes * 6e7 + hours * 36e8;
  return timedelta(days + weeks * 7, micros);
});

// transform/jinja/python/datetime.ts
function datetimeModule(now) {
  return {
    datetime: datetimeClass(now),
    date: dateClass(now),
    time: timeClass,
    timedelta: timedeltaClass,
    timezone: timezoneClass,
    UTC: utc,
    MINYEAR: 1,
    MAXYEAR: 9999
  };
}
var dateNames = ["year", "month", "day"];
var timeNames = ["hour", "minute", "second", "microsecond"];
var PyDate = class _PyDate extends HostObject {
  day;
  constructor(day) {
    super();
    dateFields(day);
    this.day = day;
  }
  getAttribute(name) {
    if (dateNames.includes(name)) return dateFields(this.day)[name];
    switch (name) {
      case "isoformat":
        return hostFunction(() => dateText(this.day));
      case "strftime":
        return hostFunction((args) => strftime(this.moment(), textArgument("strftime", args[0])));
      case "weekday":
        return hostFunction(() => weekday(this.day));
      case "isoweekday":
        return hostFunction(() => weekday(this.day) + 1);
      case "isocalendar":
        return hostFunction(() => tuple(isoCalendar(this.day)));
      case "toordinal":
        return hostFunction(() => this.day + 719163);
      case "timetuple":
        return hostFunction(
          () => tuple([...Object.values(dateFields(this.day)), 0, 0, 0, weekday(this.day), dayOfYear(this.day), -1])
        );
      case "replace":
        return hostFunction((args, kwargs) => new _PyDate(replacedDay(this.day, args, kwargs)));
      case "ctime":
        return hostFunction(() => strftime(this.moment(), "%c"));
    }
    return void 0;
  }
  moment() {
    return { day: this.day, micros: 0, offset: void 0, zoneName: "" };
  }
  equals(other) {
    return other instanceof _PyDate && !(other instanceof PyDateTime) && other.day === this.day;
  }
  compare(other) {
    return other instanceof _PyDate && !(other instanceof PyDateTime) ? this.day - other.day : void 0;
  }
  operate(operator, other, reflected) {
    if (other instanceof TimeDelta) {
      if (operator === "+") return new _PyDate(this.day + other.days);
      return operator === "-" && !reflected ? new _PyDate(this.day - other.days) : void 0;
    }
    if (operator === "-" && other instanceof _PyDate && !(other instanceof PyDateTime))
      return new TimeDelta(this.day - other.day, 0);
    return void 0;
  }
  get typeName() {
    return "date";
  }
  toString() {
    return dateText(this.day);
  }
  get repr() {
    return `datetime.date(${Object.values(dateFields(this.day)).join(", ")})`;
  }
};
var PyDateTime = class _PyDateTime extends PyDate {
  /** Microseconds of the day. */
  micros;
  zone;
  constructor(day, micros, zone) {
    const carried = Math.floor(micros / dayMicros);
    super(day + carried);
    this.micros = micros - carried * dayMicros;
    this.zone = zone;
  }
  /** The wall time of a moment. */
  static at(epochMicros, zone, offsetMinutes) {
    const local = epochMicros + offsetMinutes * 6e7;
    const day = Math.floor(local / dayMicros);
    return new _PyDateTime(day, local - day * dayMicros, zone);
  }
  get offset() {
    return this.zone?.offsetOfWall(this.day, this.micros);
  }
  /** Microseconds of the moment since 1970; a naive time is read as UTC. */
  get epochMicros() {
    const moment2 = toUtc(this.day, this.micros, this.offset ?? 0);
    return moment2.day * dayMicros + moment2.micros;
  }
  withZone(zone) {
    return new _PyDateTime(this.day, this.micros, zone);
  }
  getAttribute(name) {
    if (timeNames.includes(name)) return timeFields(this.micros)[name];
    switch (name) {
      case "tzinfo":
        return this.zone ?? null;
      case "date":
        return hostFunction(() => new PyDate(this.day));
      case "time":
        return hostFunction(() => new PyTime(this.micros));
      case "timestamp":
        return hostFunction(() => float(this.epochMicros / 1e6));
      case "isoformat":
        return hostFunction(
          (args, kwargs) => this.text(String(readArguments("isoformat", ["sep?"], args, kwargs)[0] ?? "T"))
        );
      case "astimezone":
        return hostFunction((args) => this.#inZone(args[0] ?? utc));
      case "utcoffset":
        return hostFunction(() => this.offset === void 0 ? null : new TimeDelta(0, this.offset * 6e7));
      case "tzname":
        return hostFunction(() => this.zone ? this.moment().zoneName : null);
      case "replace":
        return hostFunction((args, kwargs) => this.#replaced(args, kwargs));
    }
    return super.getAttribute(name);
  }
  #inZone(zone) {
    if (!(zone instanceof Zone)) throw new RuntimeFault("astimezone() needs a time zone");
    return _PyDateTime.at(this.epochMicros, zone, zone.offsetAt(Math.floor(this.epochMicros / 1e3)));
  }
  #replaced(args, kwargs) {
    const names2 = [...dateNames, ...timeNames, "tzinfo"].map((name) => `${name}?`);
    const given = readArguments("replace", names2, args, kwargs);
    const day = replacedDay(this.day, given.slice(0, 3), {});
    const zone = given[7] === void 0 ? this.zone : zoneOrNone(given[7]);
    return new _PyDateTime(day, timeOf(given.slice(3, 7), timeFields(this.micros)), zone);
  }
  moment() {
    const { offset } = this;
    const zoneName = this.zone ? this.zone.abbreviationAt(Math.floor(this.epochMicros / 1e3)) : "";
    return { day: this.day, micros: this.micros, offset, zoneName };
  }
  equals(other) {
    return other instanceof _PyDateTime && this.zone === void 0 === (other.zone === void 0) && other.epochMicros === this.epochMicros;
  }
  compare(other) {
    if (!(other instanceof _PyDateTime)) return void 0;
    if (this.zone === void 0 !== (other.zone === void 0))
      throw new RuntimeFault("a datetime with a time zone cannot be compared with one without");
    return this.epochMicros - other.epochMicros;
  }
  operate(operator, other, reflected) {
    if (other instanceof TimeDelta) {
      if (operator === "+") return new _PyDateTime(this.day + other.days, this.micros + other.micros, this.zone);
      if (operator === "-" && !reflected)
        return new _PyDateTime(this.day - other.days, this.micros - other.micros, this.zone);
    }
    if (operator !== "-" || !(other instanceof _PyDateTime)) return void 0;
    const a = toUtc(this.day, this.micros, this.offset ?? 0);
    const b = toUtc(other.day, other.micros, other.offset ?? 0);
    return new TimeDelta(a.day - b.day, a.micros - b.micros);
  }
  text(separator) {
    const { offset } = this;
    return dateText(this.day) + separator + timeText(this.micros) + (offset === void 0 ? "" : offsetText(offset));
  }
  get typeName() {
    return "datetime";
  }
  toString() {
    return this.text(" ");
  }
  get repr() {
    const { hour, minute, second, microsecond } = timeFields(this.micros);
    const parts2 = [...Object.values(dateFields(this.day)), hour, minute];
    if (second !== 0 || microsecond !== 0) parts2.push(second);
    if (microsecond !== 0) parts2.push(microsecond);
    if (this.zone) parts2.push(`tzinfo=${this.zone.repr}`);
    return `datetime.datetime(${parts2.join(", ")})`;
  }
};
var PyTime = class _PyTime extends HostObject {
  micros;
  constructor(micros) {
    super();
    this.micros = micros;
  }
  getAttribute(name) {
    if (timeNames.includes(name)) return timeFields(this.micros)[name];
    if (name === "isoformat") return hostFunction(() => timeText(this.micros));
    if (name !== "strftime") return void 0;
    const moment2 = { day: dayNumber(1900, 1, 1), micros: this.micros, offset: void 0, zoneName: "" };
    return hostFunction((args) => strftime(moment2, textArgument("strftime", args[0])));
  }
  equals(other) {
    return other instanceof _PyTime && other.micros === this.micros;
  }
  compare(other) {
    return other instanceof _PyTime ? this.micros - other.micros : void 0;
  }
  get typeName() {
    return "time";
  }
  toString() {
    return timeText(this.micros);
  }
};
function datetimeClass(now) {
  return hostFunction(
    function datetime(args, kwargs) {
      const names2 = ["year", "month", "day", "hour?", "minute?", "second?", "microsecond?", "tzinfo?", "fold?"];
      const given = readArguments("datetime", names2, args, kwargs);
      const micros = timeOf(given.slice(3, 7), { hour: 0, minute: 0, second: 0, microsecond: 0 });
      return new PyDateTime(replacedDay(void 0, given.slice(0, 3), {}), micros, zoneOrNone(given[7]));
    },
    {
      now: hostFunction((args, kwargs) => moment(now() * 1e3, readArguments("now", ["tz?"], args, kwargs)[0])),
      today: hostFunction(() => moment(now() * 1e3, void 0)),
      utcnow: hostFunction(() => PyDateTime.at(now() * 1e3, void 0, 0)),
      fromtimestamp: hostFunction((args, kwargs) => {
        const [seconds, zone] = readArguments("fromtimestamp", ["timestamp", "tz?"], args, kwargs);
        return moment(Math.round(Number(numberOf(seconds)) * 1e6), zone);
      }),
      utcfromtimestamp: hostFunction(
        (args) => PyDateTime.at(Math.round(Number(numberOf(args[0])) * 1e6), void 0, 0)
      ),
      strptime: hostFunction((args, kwargs) => {
        const [text4, format] = readArguments("strptime", ["date_string", "format"], args, kwargs);
        const parsed = strptime(textArgument("strptime", text4), textArgument("strptime", format));
        return new PyDateTime(parsed.day, parsed.micros, fixedZone(parsed.zone));
      }),
      fromisoformat: hostFunction((args) => fromIsoFormat(textArgument("fromisoformat", args[0]))),
      combine: hostFunction((args) => {
        const [date, time2] = args;
        if (!(date instanceof PyDate) || !(time2 instanceof PyTime))
          throw new RuntimeFault("combine() needs a date and a time");
        return new PyDateTime(date.day, time2.micros);
      }),
      min: new PyDateTime(dayNumber(1, 1, 1), 0),
      max: new PyDateTime(dayNumber(9999, 12, 31), dayMicros - 1)
    }
  );
}
function dateClass(now) {
  return hostFunction(
    function date(args, kwargs) {
      return new PyDate(replacedDay(void 0, readArguments("date", ["year", "month", "day"], args, kwargs), {}));
    },
    {
      today: hostFunction(() => new PyDate(moment(now() * 1e3, void 0).day)),
      fromisoformat: hostFunction((args) => new PyDate(fromIsoFormat(textArgument("fromisoformat", args[0])).day)),
      fromordinal: hostFunction((args) => new PyDate(Number(numberOf(args[0])) - 719163)),
      min: new PyDate(dayNumber(1, 1, 1)),
      max: new PyDate(dayNumber(9999, 12, 31))
    }
  );
}
var timeClass = hostFunction(function time(args, kwargs) {
  const given = readArguments("time", ["hour?", "minute?", "second?", "microsecond?"], args, kwargs);
  return new PyTime(timeOf(given, { hour: 0, minute: 0, second: 0, microsecond: 0 }));
});
var timezoneClass = hostFunction(
  function timezone(args) {
    const [offset] = args;
    if (!(offset instanceof TimeDelta)) throw new RuntimeFault("timezone() needs a timedelta");
    return fixedZone(Math.round(offset.seconds / 60));
  },
  { utc }
);
function moment(epochMicros, zone) {
  if (zone instanceof Zone) return PyDateTime.at(epochMicros, zone, zone.offsetAt(Math.floor(epochMicros / 1e3)));
  return PyDateTime.at(epochMicros, void 0, -new Date(epochMicros / 1e3).getTimezoneOffset());
}
function fixedZone(minutes) {
  if (minutes === void 0) return void 0;
  return minutes === 0 ? utc : new Zone(`UTC${offsetText(minutes)}`, minutes);
}
function zoneOrNone(value) {
  if (value === null || value === void 0) return void 0;
  if (value instanceof Zone) return value;
  throw new RuntimeFault("tzinfo has to be a time zone");
}
function replacedDay(from, args, kwargs) {
  const given = readArguments("replace", ["year?", "month?", "day?"], args, kwargs);
  const fields = from === void 0 ? void 0 : dateFields(from);
  const [year, month, day] = dateNames.map((name, index2) => wholeNumber(given[index2] ?? fields?.[name], name));
  return dayNumber(year, month, day);
}
function timeOf(given, from) {
  const [hour, minute, second, microsecond] = timeNames.map(
    (name, index2) => wholeNumber(given[index2] ?? from[name], name)
  );
  return timeMicros({ hour, minute, second, microsecond });
}
function wholeNumber(value, name) {
  const number = Number(numberOf(value));
  if (!Number.isInteger(number)) throw new RuntimeFault(`${name} has to be an int`);
  return number;
}
function fromIsoFormat(text4) {
  const match = /^(\d{4})-?(\d\d)-?(\d\d)(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6})\d*)?)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(
    text4
  );
  if (!match) throw new RuntimeFault(`invalid isoformat string: '${text4}'`);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "0", zone] = match;
  const micros = timeMicros({
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, "0"))
  });
  return new PyDateTime(dayNumber(Number(year), Number(month), Number(day)), micros, fixedZone(zoneMinutes(zone)));
}

// transform/jinja/python/itertools.ts
var itertoolsModule = {
  chain: hostFunction(
    function chain(args) {
      return args.flatMap(iterate);
    },
    { from_iterable: hostFunction((args) => iterate(args[0]).flatMap(iterate)) }
  ),
  product: hostFunction(function product(args, kwargs) {
    const lists = args.map(iterate);
    const repeated = Array.from({ length: Math.min(64, toIndex(kwargs["repeat"] ?? 1, "repeat")) }, () => lists).flat();
    limits.items(repeated.reduce((count, list3) => count * list3.length, 1));
    return repeated.reduce((rows, list3) => rows.flatMap((row) => list3.map((item2) => [...row, item2])), [[]]).map(tuple);
  }),
  permutations: hostFunction(function permutations(args, kwargs) {
    return picks("permutations", args, kwargs, (index2, chosen) => !chosen.includes(index2));
  }),
  combinations: hostFunction(function combinations(args, kwargs) {
    return picks("combinations", args, kwargs, (index2, chosen) => index2 > (chosen.at(-1) ?? -1));
  }),
  combinations_with_replacement: hostFunction(function combinations_with_replacement(args, kwargs) {
    return picks("combinations_with_replacement", args, kwargs, (index2, chosen) => index2 >= (chosen.at(-1) ?? 0));
  }),
  zip_longest: hostFunction(function zip_longest(args, kwargs) {
    const lists = args.map(iterate);
    const length2 = Math.max(0, ...lists.map((list3) => list3.length));
    const fill = kwargs["fillvalue"] ?? null;
    return Array.from({ length: length2 }, (_, row) => tuple(lists.map((list3) => row < list3.length ? list3[row] : fill)));
  }),
  islice: hostFunction(function islice(args) {
    const items = iterate(args[0]);
    const [start, stop, step2] = args.length === 2 ? [0, args[1], 1] : args.slice(1);
    return sliceIndices(items.length, start, stop, step2).map((index2) => items[index2]);
  }),
  repeat: hostFunction(function repeat2(args, kwargs) {
    const [item2, times] = readArguments("repeat", ["object", "times"], args, kwargs);
    const count = Math.max(0, toIndex(times, "times"));
    limits.items(count);
    return Array.from({ length: count }, () => item2);
  }),
  accumulate: hostFunction(function accumulate(args) {
    let total;
    return iterate(args[0]).map((item2, index2) => {
      total = index2 === 0 ? item2 : operate("+", total, item2);
      return total;
    });
  }),
  compress: hostFunction(function compress(args) {
    const selectors = iterate(args[1]);
    return iterate(args[0]).filter((_, index2) => truthy(selectors[index2]));
  })
};
function picks(name, args, kwargs, fits) {
  const [given, size] = readArguments(name, ["iterable", "r?"], args, kwargs);
  const items = iterate(given);
  const count = size === void 0 || size === null ? items.length : toIndex(size, "r");
  if (count < 0) throw new RuntimeFault("r must not be negative");
  const found2 = [];
  const extend = (chosen) => {
    if (chosen.length === count) {
      limits.items(found2.length + 1);
      found2.push(tuple(chosen.map((index2) => items[index2])));
      return;
    }
    for (let index2 = 0; index2 < items.length; index2++) if (fits(index2, chosen)) extend([...chosen, index2]);
  };
  if (count <= items.length || name.endsWith("replacement")) extend([]);
  return found2;
}

// transform/jinja/python/pytz.ts
var pytzModule = {
  utc,
  UTC: utc,
  timezone: hostFunction(function timezone2(args, kwargs) {
    const name = textArgument("timezone", readArguments("timezone", ["zone"], args, kwargs)[0]);
    return /^utc$/i.test(name) ? utc : new Zone(name);
  }),
  FixedOffset: hostFunction(function FixedOffset(args) {
    return new Zone(`pytz.FixedOffset(${Number(args[0])})`, Number(args[0]));
  })
};

// transform/jinja/python/pattern.ts
import { createContext, Script } from "node:vm";
var flagBits = {
  A: 256,
  ASCII: 256,
  I: 2,
  IGNORECASE: 2,
  M: 8,
  MULTILINE: 8,
  S: 16,
  DOTALL: 16,
  U: 32,
  UNICODE: 32,
  X: 64,
  VERBOSE: 64
};
var searchMsMax = 1e3;
var patternCharsMax = 1e4;
function compilePattern2(source, flags) {
  if (source.length > patternCharsMax)
    throw new RuntimeFault(`the pattern is longer than ${patternCharsMax} characters`);
  const inline = /^\(\?([aimsux]+)\)/.exec(source);
  const letters = inline?.[1] ?? "";
  const has = (letter, bit) => letters.includes(letter) || (flags & bit) !== 0;
  const body = inline ? source.slice(inline[0].length) : source;
  const translated = translate2(has("x", 64) ? withoutBlanks(body) : body, has("m", 8));
  const options = `g${has("i", 2) ? "i" : ""}${has("m", 8) ? "m" : ""}${has("s", 16) ? "s" : ""}`;
  try {
    return { regex: new RegExp(translated, options), risky: (body.match(/[*+]|\{\d*,\d*\}/g) ?? []).length > 1 };
  } catch (error) {
    throw new RuntimeFault(
      `the pattern ${repr(source)} is not understood: ${error.message.replace(/^Invalid regular expression: /, "")}`
    );
  }
}
function translate2(source, multiline) {
  let inClass = false;
  return source.replace(/\\.|\(\?P<|\(\?P=(\w+)\)|\(\?#[^)]*\)|[[\]$]/gs, (part, name) => {
    if (part === "[" || part === "]") {
      if (part === "[" && inClass) return "\\[";
      inClass = part === "[";
      return part;
    }
    if (inClass) return part;
    if (part === "\\A") return "(?<![^])";
    if (part === "\\Z") return "(?![^])";
    if (part === "(?P<") return "(?<";
    if (part.startsWith("(?P=")) return `\\k<${name}>`;
    if (part.startsWith("(?#")) return "";
    return part === "$" && !multiline ? "(?=\\n?(?![^]))" : part;
  });
}
function withoutBlanks(source) {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\s+|#[^\n]*/gs, (part) => /^[\s#]/.test(part) ? "" : part);
}
var guard;
function withTimeLimit(search2, source) {
  guard ??= { context: createContext({}), script: new Script("search()") };
  let result;
  guard.context.search = () => {
    result = { value: search2() };
  };
  try {
    guard.script.runInContext(guard.context, { timeout: searchMsMax });
  } catch (error) {
    if (error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
      throw new RuntimeFault(
        `the pattern ${repr(source)} takes longer than ${searchMsMax} ms on this text`,
        "JINJA_LIMIT"
      );
    throw error;
  } finally {
    delete guard.context.search;
  }
  return result.value;
}

// transform/jinja/python/re.ts
var operations = {
  match: (pattern, args) => pattern.find(subject(args), "start"),
  search: (pattern, args) => pattern.find(subject(args), "anywhere"),
  fullmatch: (pattern, args) => pattern.find(subject(args), "whole"),
  findall: (pattern, args) => pattern.all(subject(args)).map((match) => {
    const groups = match.slice(1).map((group2) => group2 ?? "");
    return groups.length === 0 ? match[0] : groups.length === 1 ? groups[0] : tuple(groups);
  }),
  finditer: (pattern, args) => pattern.all(subject(args)).map((match) => new Match(match, pattern)),
  split: (pattern, args, kwargs) => {
    const [text4, most = 0] = readArguments("split", ["string", "maxsplit?"], args, kwargs);
    return pattern.split(textArgument("split", text4, "the text"), toIndex(most, "maxsplit"));
  },
  sub: (pattern, args, kwargs, run) => pattern.substitute(args, kwargs, run).text,
  subn: (pattern, args, kwargs, run) => {
    const { text: text4, count } = pattern.substitute(args, kwargs, run);
    return tuple([text4, count]);
  }
};
function subject(args) {
  return textArgument("a function of re", args[0], "the text");
}
var reModule = {
  ...Object.fromEntries(Object.entries(operations).map(([name, operation2]) => [name, moduleFunction(name, operation2)])),
  ...flagBits,
  compile: hostFunction(function compile(args, kwargs) {
    const [source, flags] = readArguments("compile", ["pattern", "flags?"], args, kwargs);
    return patternOf(source, flags);
  }),
  escape: hostFunction(function escapePattern(args) {
    return textArgument("escape", args[0]).replace(/[\\^$.*+?()[\]{}|\-&~#\s]/g, (character) => `\\${character}`);
  })
};
function moduleFunction(name, operation2) {
  return hostFunction((args, kwargs, run) => {
    const { flags, pattern: named, ...rest } = kwargs;
    const takesCount = name === "sub" || name === "subn" || name === "split";
    const flagsAt = { match: 2, search: 2, fullmatch: 2, findall: 2, finditer: 2, split: 3, sub: 4, subn: 4 }[name] ?? 2;
    const source = named ?? args[0];
    const remaining = named === void 0 ? args.slice(1, flagsAt) : args;
    const text4 = rest["string"];
    const given = text4 !== void 0 && !takesCount ? [text4] : remaining;
    return operation2(patternOf(source, flags ?? args[flagsAt]), given, takesCount ? rest : {}, run);
  });
}
function patternOf(source, flags) {
  if (source instanceof Pattern) return source;
  return new Pattern(
    textArgument("re", source, "the pattern"),
    flags === void 0 || flags === null ? 0 : toIndex(flags, "flags")
  );
}
var Pattern = class extends HostObject {
  source;
  #regex;
  #risky;
  constructor(source, flags) {
    super();
    this.source = source;
    const { regex, risky } = compilePattern2(source, flags);
    this.#regex = regex;
    this.#risky = risky;
  }
  getAttribute(name) {
    if (name === "pattern") return this.source;
    const operation2 = Object.hasOwn(operations, name) ? operations[name] : void 0;
    return operation2 && hostFunction((args, kwargs, run) => operation2(this, args, kwargs, run));
  }
  find(text4, where) {
    const source = where === "whole" ? `(?:${this.#regex.source})(?![^])` : this.#regex.source;
    const regex = new RegExp(source, this.#regex.flags.replace("g", "") + (where === "anywhere" ? "" : "y"));
    const found2 = this.#guarded(() => regex.exec(text4));
    return found2 && new Match(found2, this);
  }
  all(text4) {
    const found2 = this.#guarded(() => [...text4.matchAll(this.#regex)]);
    limits.items(found2.length);
    return found2;
  }
  split(text4, most) {
    const parts2 = [];
    let at2 = 0;
    for (const match of this.all(text4).slice(0, most > 0 ? most : void 0)) {
      parts2.push(text4.slice(at2, match.index), ...match.slice(1).map((group2) => group2 ?? null));
      at2 = match.index + match[0].length;
    }
    return [...parts2, text4.slice(at2)];
  }
  substitute(args, kwargs, run) {
    const [replacement, given, most = 0] = readArguments("sub", ["repl", "string", "count?"], args, kwargs);
    const text4 = textArgument("sub", given, "the text");
    const replace = replacer(replacement, this, run);
    const matches = this.all(text4).slice(0, Number(most) > 0 ? toIndex(most, "count") : void 0);
    let result = "";
    let at2 = 0;
    for (const match of matches) {
      result += text4.slice(at2, match.index) + replace(match);
      at2 = match.index + match[0].length;
    }
    return { text: limits.text(result + text4.slice(at2)), count: matches.length };
  }
  #guarded(search2) {
    return this.#risky ? withTimeLimit(search2, this.source) : search2();
  }
  get typeName() {
    return "Pattern";
  }
  toString() {
    return `re.compile(${repr(this.source)})`;
  }
  get repr() {
    return this.toString();
  }
};
function replacer(replacement, pattern, run) {
  if (replacement instanceof Callable) {
    return (match) => {
      const result = replacement.call({ ...run, sync: true }, [new Match(match, pattern)], null);
      return str(result);
    };
  }
  const text4 = textArgument("sub", replacement, "the replacement");
  if (!text4.includes("\\")) return () => text4;
  return (match) => text4.replace(
    /\\(?:g<(\w+)>|(\d{1,2})|(.))/gs,
    (whole, name, number, character) => {
      if (character !== void 0) return { n: "\n", t: "	", r: "\r", "\\": "\\" }[character] ?? whole;
      return groupOf(match, name === void 0 ? Number(number) : /^\d+$/.test(name) ? Number(name) : name) ?? "";
    }
  );
}
function groupOf(match, key) {
  const known = typeof key === "string" ? match.groups !== void 0 && Object.hasOwn(match.groups, key) : Number(key) < match.length && Number(key) >= 0;
  if (!known) throw new RuntimeFault(`no such group: ${repr(key)}`);
  return typeof key === "string" ? match.groups?.[key] : match[Number(key)];
}
var Match = class extends HostObject {
  #match;
  #pattern;
  constructor(match, pattern) {
    super();
    this.#match = match;
    this.#pattern = pattern;
  }
  getAttribute(name) {
    const match = this.#match;
    const end = match.index + match[0].length;
    switch (name) {
      case "group":
        return hostFunction((args) => {
          if (args.length <= 1) return groupOf(match, args[0] ?? 0) ?? null;
          return tuple(args.map((key) => groupOf(match, key) ?? null));
        });
      case "groups":
        return hostFunction((args, kwargs) => {
          const [preset = null] = readArguments("groups", ["default?"], args, kwargs);
          return tuple(match.slice(1).map((group2) => group2 ?? preset));
        });
      case "groupdict":
        return hostFunction(
          () => Dict.of(Object.fromEntries(Object.entries(match.groups ?? {}).map(([key, value]) => [key, value ?? null])))
        );
      case "start":
        return hostFunction(() => match.index);
      case "end":
        return hostFunction(() => end);
      case "span":
        return hostFunction(() => tuple([match.index, end]));
      case "string":
        return match.input;
      case "re":
        return this.#pattern;
    }
    return void 0;
  }
  getItem(key) {
    return groupOf(this.#match, key) ?? null;
  }
  get typeName() {
    return "Match";
  }
  toString() {
    const { index: index2 } = this.#match;
    return `<re.Match object; span=(${index2}, ${index2 + this.#match[0].length}), match=${repr(this.#match[0])}>`;
  }
  get repr() {
    return this.toString();
  }
};

// transform/jinja/python/modules.ts
function modules(now) {
  return { datetime: datetimeModule(now), itertools: itertoolsModule, pytz: pytzModule, re: reModule };
}

// transform/jinja/yaml-text.ts
import { parseDocument, stringify } from "yaml";
function fromYamlText(value, preset) {
  if (typeof value !== "string") {
    if (preset !== void 0) return preset;
    throw new RuntimeFault(`fromyaml() needs text, got ${repr(value)}`);
  }
  const document = parseDocument(value, { version: "1.1", merge: true });
  const [fault] = document.errors;
  if (!fault) return fromHost(document.toJS({ maxAliasCount: 100 }));
  if (preset !== void 0) return preset;
  throw new RuntimeFault(`fromyaml(): ${fault.message}`);
}
function toYamlText(value, preset) {
  try {
    return stringify(toHost(value), { indentSeq: false, lineWidth: 80, version: "1.1" });
  } catch (error) {
    if (preset !== void 0) return preset;
    throw new RuntimeFault(`toyaml(): ${error.message}`);
  }
}

// transform/jinja/library.ts
function library(hooks = {}) {
  return {
    ...pure,
    modules: modules(hooks.now ?? (() => Date.now())),
    exceptions: exceptions(hooks),
    log: hostFunction(function log(args, kwargs) {
      const [message, info] = readArguments("log", ["msg", "info?"], args, kwargs);
      hooks.log?.(str(message), truthy(info) ? "info" : "debug");
      return "";
    }),
    print: hostFunction(function print(args, kwargs) {
      const [message] = readArguments("print", ["msg"], args, kwargs);
      hooks.print?.(str(message));
      return "";
    })
  };
}
var RaisedError = class extends RuntimeFault {
  constructor(message) {
    super(message, "JINJA_RAISED");
  }
};
var pure = {
  return: hostFunction(function return_(args, kwargs) {
    const [value = null] = readArguments("return", ["data?"], args, kwargs);
    throw new MacroReturn(value);
  }),
  fromjson: hostFunction(function fromjson(args, kwargs) {
    const [text4, preset] = readArguments("fromjson", ["string", "default?"], args, kwargs);
    return fromJsonText(text4, preset);
  }),
  tojson: hostFunction(function tojson(args, kwargs) {
    const [value, preset, sortKeys] = readArguments("tojson", ["value", "default?", "sort_keys?"], args, kwargs);
    return toJsonText(value, preset, { sortKeys: truthy(sortKeys) });
  }),
  fromyaml: hostFunction(function fromyaml(args, kwargs) {
    const [text4, preset] = readArguments("fromyaml", ["value", "default?"], args, kwargs);
    return fromYamlText(text4, preset);
  }),
  toyaml: hostFunction(function toyaml(args, kwargs) {
    const [value, preset] = readArguments("toyaml", ["value", "default?"], args, kwargs);
    return toYamlText(value, preset);
  }),
  set: hostFunction(function set(args, kwargs) {
    const [value, preset = null] = readArguments("set", ["value?", "default?"], args, kwargs);
    const items = value === void 0 ? [] : tryIterate(value);
    return items ? new PySet(items) : preset;
  }),
  set_strict: hostFunction(function set_strict(args, kwargs) {
    return new PySet(iterate(readArguments("set_strict", ["value"], args, kwargs)[0]));
  }),
  zip: hostFunction(function zip(args, kwargs) {
    const lists = args.map(tryIterate);
    if (lists.some((list3) => list3 === void 0)) return kwargs["default"] ?? null;
    return zipped(lists);
  }),
  zip_strict: hostFunction(function zip_strict(args) {
    return zipped(args.map(iterate));
  }),
  local_md5: hostFunction(function local_md5(args, kwargs) {
    const [value] = readArguments("local_md5", ["value"], args, kwargs);
    return createHash("md5").update(str(value)).digest("hex");
  }),
  diff_of_two_dicts: hostFunction(function diff_of_two_dicts() {
    throw new RuntimeFault("diff_of_two_dicts() is not available");
  })
};
function zipped(lists) {
  const length2 = lists.length === 0 ? 0 : Math.min(...lists.map((list3) => list3.length));
  return Array.from({ length: length2 }, (_, index2) => tuple(lists.map((list3) => list3[index2])));
}
var raise = (prefix) => hostFunction(function raise2(args) {
  throw new RaisedError(prefix + str(args[0]));
});
function exceptions(hooks) {
  const plain2 = ["raise_compiler_error", "raise_database_error", "raise_parsing_error", "raise_fail_fast_error"];
  return {
    ...Object.fromEntries(plain2.map((name) => [name, raise("")])),
    warn: hostFunction(function warn(args) {
      hooks.log?.(str(args[0]), "warn");
      return "";
    })
  };
}

// transform/jinja/macros.ts
var MacroDefinition = class {
  kind;
  name;
  parameters;
  /** Adapter of a materialization: `default`, `postgres` …; undefined for the others. */
  adapter;
  /** Languages of a materialization. */
  languages;
  path;
  /** Line of its tag, from 1. */
  line;
  /** From its tag to its end tag: dbt's `macro_sql`. */
  text;
  signature;
  #definition;
  #source;
  #sync;
  #async;
  constructor(definition, source, line) {
    this.kind = definition.kind;
    this.name = definition.name;
    this.parameters = definition.parameters.map((parameter) => ({
      name: parameter.name,
      type: parameter.type,
      hasDefault: parameter.default !== void 0
    }));
    this.adapter = definition.adapter;
    this.languages = definition.languages;
    this.path = source.path;
    this.line = line;
    this.text = source.text.slice(definition.at, definition.end);
    this.signature = signatureOf(definition.parameters, definition.body);
    this.#definition = definition;
    this.#source = { ...source, name: `${definition.kind} ${definition.name}` };
  }
  /** The macro with the context that its names come from. It can be called from both kinds of rendering. */
  bind(context) {
    return new Macro(this, toContext(context));
  }
  /** The compiled body for the kind of rendering; compiled at first use. */
  body(sync) {
    if (sync) {
      this.#sync ??= instantiate(() => generateDefinition(this.#definition, "sync"), this.#source);
      return this.#sync;
    }
    this.#async ??= instantiate(() => generateDefinition(this.#definition, "async"), this.#source);
    return this.#async;
  }
};
var Macro = class extends Callable {
  definition;
  #context;
  constructor(definition, context) {
    super();
    this.definition = definition;
    this.#context = context;
  }
  get name() {
    return this.definition.name;
  }
  toString() {
    return `<Macro '${this.name}'>`;
  }
  call(run, args, kwargs) {
    const bound = bindArguments(this.name, this.definition.signature, args, kwargs);
    const result = this.definition.body(run.sync)(run, this.#context, bound);
    return run.sync ? result : new Waiting(result);
  }
};
function compileMacros(text4, options) {
  const source = sourceOf(text4, options);
  let line = source.firstLine;
  let counted = 0;
  return parseTemplate(source).flatMap((statement) => {
    if (statement.kind !== "definition") return [];
    const { definition } = statement;
    for (; counted < definition.at; counted++) if (source.text[counted] === "\n") line++;
    return [new MacroDefinition(definition, source, line)];
  });
}
async function invoke(callee, args = [], kwargs = {}, run = {}) {
  const result = callee.call(isRun(run) ? run : newRun({ sync: false, ...run }), [...args], kwargs);
  return result instanceof Waiting ? runSteps(result.steps) : result;
}
function invokeSync(callee, args = [], kwargs = {}, run = {}) {
  return callee.call(isRun(run) ? run : newRun({ sync: true, ...run }), [...args], kwargs);
}
function isRun(run) {
  return "stepsLeft" in run;
}

// transform/jinja/index.ts
function compileTemplate(source, options) {
  return new Template(sourceOf(source, options));
}

// transform/compile/relation.ts
var quoteAll = { database: true, schema: true, identifier: true };
var identifierBytesMax = 63;
var Relation = class _Relation extends HostObject {
  database;
  schema;
  identifier;
  type;
  quotePolicy;
  includePolicy;
  /** Wraps the name, e.g. in a filter on event time: `(select * from x where …)`. */
  filter;
  /** `--empty`: reads no row. */
  limit;
  constructor(parts2) {
    super();
    this.database = parts2.database ?? null;
    this.schema = parts2.schema ?? null;
    this.identifier = parts2.identifier ?? null;
    this.type = parts2.type ?? null;
    this.quotePolicy = parts2.quotePolicy ?? quoteAll;
    this.includePolicy = parts2.includePolicy ?? quoteAll;
    this.filter = parts2.filter ?? null;
    this.limit = parts2.limit ?? null;
  }
  get name() {
    return this.identifier;
  }
  get table() {
    return this.identifier;
  }
  /** This relation with some parts changed. */
  with(parts2) {
    return new _Relation({ ...this, ...parts2 });
  }
  include(parts2) {
    return this.with({ includePolicy: { ...this.includePolicy, ...parts2 } });
  }
  quote(parts2) {
    return this.with({ quotePolicy: { ...this.quotePolicy, ...parts2 } });
  }
  withoutIdentifier() {
    return this.include({ identifier: false });
  }
  /** The same name, parts compared as the database compares them. */
  matches(other) {
    const same = (mine, theirs, quoted) => theirs === void 0 || theirs === null || mine === null || (quoted ? mine === theirs : fold(mine) === fold(theirs));
    return same(this.database, other.database, false) && same(this.schema, other.schema, this.quotePolicy.schema) && same(this.identifier, other.identifier, this.quotePolicy.identifier);
  }
  /** A relation beside this one, named with a suffix, shortened so that the whole name fits. */
  suffixed(suffix, type = this.type) {
    const base = truncateBytes(this.identifier ?? "", identifierBytesMax - Buffer.byteLength(suffix));
    return this.with({ identifier: base + suffix, type, filter: null, limit: null });
  }
  getAttribute(name) {
    return relationAttributes[name]?.(this);
  }
  get repr() {
    return `<Relation ${this.toString()}>`;
  }
  equals(other) {
    return other instanceof _Relation && other.toString() === this.toString();
  }
  render() {
    const parts2 = [];
    if (this.database !== null && this.includePolicy.database) parts2.push(this.#part(this.database, "database"));
    if (this.schema !== null && this.includePolicy.schema) parts2.push(this.#part(this.schema, "schema"));
    if (this.identifier !== null && this.includePolicy.identifier) parts2.push(this.#part(this.identifier, "identifier"));
    return parts2.join(".");
  }
  toString() {
    if (this.type === "cte") return this.identifier ?? "";
    const name = this.render();
    if (this.limit !== null) return `(select * from ${name}${this.filter ? ` where ${this.filter}` : ""} limit ${this.limit}) _dbt_limit_subq_${this.identifier}`;
    if (this.filter !== null) return `(select * from ${name} where ${this.filter}) _dbt_et_filter_subq_${this.identifier}`;
    return name;
  }
  #part(text4, part) {
    return this.quotePolicy[part] ? quoteIdentifier(text4) : text4;
  }
};
var Column = class _Column extends HostObject {
  name;
  dataType;
  constructor(name, dataType) {
    super();
    this.name = name;
    this.dataType = dataType;
  }
  /** The type without length or precision. */
  get baseType() {
    return this.dataType.replace(/\s*\([^)]*\)/, "");
  }
  get extent() {
    const [first, second] = (/\(([^)]*)\)/.exec(this.dataType)?.[1] ?? "").split(",").map((part) => Number.parseInt(part, 10));
    const value = first === void 0 || Number.isNaN(first) ? null : first;
    return this.isNumeric() ? { length: null, precision: value, scale: second === void 0 || Number.isNaN(second) ? null : second } : { length: value, precision: null, scale: null };
  }
  get quoted() {
    return quoteIdentifier(this.name);
  }
  isString() {
    return /^(text|character|character varying|varchar|char|bpchar|string)$/i.test(this.baseType);
  }
  isNumber() {
    return this.isInteger() || this.isNumeric() || this.isFloat();
  }
  isInteger() {
    return /^(smallint|integer|bigint|int|int2|int4|int8|smallserial|serial|bigserial|tinyint|hugeint|u?(tiny|small|big|huge)?int(eger)?)$/i.test(
      this.baseType
    );
  }
  isFloat() {
    return /^(real|float|float4|float8|double precision|double)$/i.test(this.baseType);
  }
  isNumeric() {
    return /^(numeric|decimal)$/i.test(this.baseType);
  }
  /** Both are text and the other one is longer: the column can grow to it. */
  canExpandTo(other) {
    return this.isString() && other.isString() && (other.extent.length ?? 256) > (this.extent.length ?? 256);
  }
  getAttribute(name) {
    return columnAttributes[name]?.(this);
  }
  get repr() {
    return this.toString();
  }
  equals(other) {
    return other instanceof _Column && other.name === this.name && other.dataType === this.dataType;
  }
  toString() {
    return `<Column ${this.name} (${this.dataType})>`;
  }
};
function quoteIdentifier(name) {
  return `"${name.replaceAll('"', '""')}"`;
}
function quoteLiteral(text4) {
  return `'${text4.replaceAll("'", "''")}'`;
}
function truncateBytes(text4, bytesMax) {
  let cut = text4.slice(0, bytesMax);
  while (Buffer.byteLength(cut) > bytesMax) cut = [...cut].slice(0, -1).join("");
  return cut;
}
var relationAttributes = {
  database: (relation) => relation.database,
  schema: (relation) => relation.schema,
  identifier: (relation) => relation.identifier,
  name: (relation) => relation.identifier,
  table: (relation) => relation.identifier,
  type: (relation) => relation.type,
  is_table: (relation) => relation.type === "table",
  is_view: (relation) => relation.type === "view",
  is_cte: (relation) => relation.type === "cte",
  is_materialized_view: (relation) => relation.type === "materialized_view",
  can_be_renamed: () => true,
  can_be_replaced: () => true,
  path: ({ database, schema, identifier }) => ({ database, schema, identifier }),
  quote_policy: (relation) => ({ ...relation.quotePolicy }),
  include_policy: (relation) => ({ ...relation.includePolicy }),
  render: (relation) => hostFunction(() => relation.render()),
  include: (relation) => hostFunction((_args, kwargs) => relation.include(policy(kwargs))),
  quote: (relation) => hostFunction((_args, kwargs) => relation.quote(policy(kwargs))),
  without_identifier: (relation) => hostFunction(() => relation.withoutIdentifier()),
  replace_path: (relation) => hostFunction((_args, kwargs) => relation.with(kwargs)),
  incorporate: (relation) => hostFunction((_args, kwargs) => incorporate(relation, kwargs)),
  suffixed: (relation) => hostFunction((args, kwargs) => {
    const [suffix, type] = readArguments("suffixed", ["suffix", "type?"], args, kwargs);
    return relation.suffixed(String(suffix), type ?? relation.type);
  }),
  information_schema: (relation) => hostFunction((args) => {
    const view3 = typeof args[0] === "string" ? args[0] : null;
    const quotes = { database: relation.quotePolicy.database, schema: false, identifier: false };
    return new Relation({ database: relation.database, schema: "INFORMATION_SCHEMA", identifier: view3, quotePolicy: quotes });
  }),
  matches: (relation) => hostFunction((_args, kwargs) => relation.matches(kwargs)),
  get: (relation) => hostFunction((args) => relation.getAttribute(String(args[0])) ?? args[1] ?? null)
};
function policy(kwargs) {
  return Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, value === true]));
}
function incorporate(relation, kwargs) {
  const path = kwargs["path"] ?? {};
  const parts2 = path instanceof Map ? Object.fromEntries(path) : path;
  const type = kwargs["type"];
  return relation.with({ ...parts2, ...type === void 0 ? {} : { type } });
}
var columnAttributes = {
  name: (column) => column.name,
  column: (column) => column.name,
  quoted: (column) => column.quoted,
  dtype: (column) => column.baseType,
  data_type: (column) => column.dataType,
  expanded_data_type: (column) => column.dataType,
  char_size: (column) => column.extent.length,
  numeric_precision: (column) => column.extent.precision,
  numeric_scale: (column) => column.extent.scale,
  is_string: (column) => hostFunction(() => column.isString()),
  is_number: (column) => hostFunction(() => column.isNumber()),
  is_integer: (column) => hostFunction(() => column.isInteger()),
  is_float: (column) => hostFunction(() => column.isFloat()),
  is_numeric: (column) => hostFunction(() => column.isNumeric()),
  string_size: (column) => hostFunction(() => column.extent.length ?? 256),
  can_expand_to: (column) => hostFunction((args, kwargs) => column.canExpandTo(args[0] ?? kwargs["other_column"])),
  literal: (column) => hostFunction((args) => `${String(args[0])}::${column.dataType}`)
};
function fold(text4) {
  return text4.toLowerCase();
}

// transform/project/nearest.ts
function nearestName2(wrong, known) {
  let best = null;
  let bestDistance = Math.max(1, Math.floor(wrong.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance2(wrong.toLowerCase(), name.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}
function didYouMean(wrong, known) {
  const near = nearestName2(wrong, known);
  return near === null ? "" : `Did you mean "${near}"?`;
}
function editDistance2(a, b, limit) {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, index2) => index2);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution));
    }
    if (Math.min(...current) >= limit) return limit;
    previous = current;
  }
  return previous[b.length];
}

// transform/project/yaml.ts
import { parseDocument as parseDocument2 } from "yaml";
var aliasesMax = 1e3;
function readYamlObject(text4, path) {
  const value = readYaml(text4, path);
  if (value === null) return {};
  if (!isObject(value))
    throw new MillraceError("SQL_PROJECT_INVALID", `${path}: expected keys and values, got ${describe2(value)}`);
  return value;
}
function readYaml(text4, path) {
  const document = parseDocument2(text4, { version: "1.1", uniqueKeys: true, merge: true, prettyErrors: true });
  const fault = document.errors[0];
  if (fault) {
    const at2 = fault.linePos?.[0];
    throw new MillraceError(
      "SQL_PROJECT_INVALID",
      `${path}${at2 ? `:${at2.line}:${at2.col}` : ""}: ${fault.message.split("\n")[0]}`,
      { hint: "The file is not valid YAML." }
    );
  }
  try {
    return plain(document.toJS({ maxAliasCount: aliasesMax }));
  } catch (error) {
    throw new MillraceError("SQL_PROJECT_INVALID", `${path}: ${error.message}`);
  }
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function describe2(value) {
  if (value === null || value === void 0) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return `an object with the keys ${Object.keys(value).join(", ") || "(none)"}`;
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : `${typeof value} ${String(value)}`;
}
function plain(value) {
  if (value instanceof Date) {
    const iso = value.toISOString();
    return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.replace("T", " ").replace(/\.000Z$|Z$/, "");
  }
  if (value === void 0) return null;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map || value instanceof Set)
    return Object.fromEntries([...value.entries()].map(([key, each]) => [String(key), plain(each)]));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return value;
}

// transform/project/vars.ts
function varsOf(packageName, own, root, cli) {
  const scoped = (vars) => ({ ...vars, ...isObject(vars[packageName]) ? vars[packageName] : {} });
  return { ...scoped(own), ...scoped(root), ...cli };
}
function varFunction(vars, where) {
  const has = hostFunction((args) => Object.hasOwn(vars, String(args[0])));
  return hostFunction(
    function var_(args, kwargs) {
      const [name, preset] = readArguments("var", ["name", "default?"], args, kwargs);
      if (Object.hasOwn(vars, String(name))) return fromHost(vars[String(name)]);
      if (preset !== void 0) return preset;
      throw new MillraceError("SQL_REFERENCE_UNKNOWN", `Required var '${String(name)}' not found in ${where}`, {
        hint: didYouMean(String(name), Object.keys(vars)) || 'Give it under "vars" in dbt_project.yml, with --vars, or as a default.'
      });
    },
    { has_var: has }
  );
}
var secretPrefix = "DBT_ENV_SECRET";
function envVarFunction(env, options) {
  return hostFunction(function env_var(args, kwargs) {
    const [name, preset] = readArguments("env_var", ["var", "default?"], args, kwargs);
    if (String(name).startsWith(secretPrefix) && !options.secrets)
      throw new MillraceError("SQL_COMPILATION_FAILED", `${String(name)} is a secret: it can be used in profiles.yml and packages.yml only`);
    const value = env[String(name)] ?? preset;
    if (value === void 0) throw new MillraceError("SQL_REFERENCE_UNKNOWN", `Env var required but not provided: '${String(name)}'`);
    return value;
  });
}

// transform/compile/base-context.ts
var dbtVersion = "1.12.0";
function baseContext(options) {
  const { invocation, target } = options;
  return {
    ...library(invocation.hooks),
    var: varFunction(options.vars, `the vars of the package ${options.packageName}`),
    env_var: envVarFunction(invocation.env, { secrets: false }),
    target,
    flags: new Flags(invocation.flags),
    dbt_version: dbtVersion,
    project_name: options.rootName,
    invocation_id: invocation.id,
    run_started_at: new Date(invocation.startedAt).toISOString(),
    thread_id: "Thread-1",
    invocation_args_dict: { which: invocation.flags.which, full_refresh: invocation.flags.fullRefresh },
    dbt_metadata_envs: metadataEnvs(invocation.env),
    api: apiObject(String(target["type"])),
    metric: hostFunction(function metric(args) {
      return String(args.at(-1));
    }),
    validation: { any: [] },
    defer_relation: null
  };
}
var Flags = class extends HostObject {
  #flags;
  constructor(flags) {
    super();
    this.#flags = flags;
  }
  getAttribute(name) {
    const upper = name.toUpperCase();
    const known = {
      FULL_REFRESH: this.#flags.fullRefresh,
      STORE_FAILURES: this.#flags.storeFailures,
      FAIL_FAST: this.#flags.failFast,
      WARN_ERROR: this.#flags.warnError,
      EMPTY: this.#flags.empty,
      WHICH: this.#flags.which
    };
    if (Object.hasOwn(known, upper)) return known[upper];
    if (name === "get") return hostFunction((args) => this.getAttribute(String(args[0])) ?? args[1] ?? null);
    return this.#flags.project[name.toLowerCase()] ?? false;
  }
  toString() {
    return `flags(${this.#flags.which})`;
  }
};
function metadataEnvs(env) {
  const prefix = "DBT_ENV_CUSTOM_ENV_";
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) => key.startsWith(prefix) && value !== void 0 ? [[key.slice(prefix.length), value]] : [])
  );
}
var translations = {
  postgres: { string: "text", timestamp: "timestamp without time zone", float: "float", integer: "integer", bigint: "bigint", boolean: "boolean", numeric: "numeric" },
  duckdb: { string: "varchar", timestamp: "timestamp", float: "float", integer: "integer", bigint: "bigint", boolean: "boolean", numeric: "numeric" }
};
function apiObject(adapterType) {
  const translate3 = (type) => translations[adapterType]?.[String(type).toLowerCase()] ?? String(type);
  return {
    Relation: {
      create: hostFunction((_args, kwargs) => createRelation(kwargs)),
      get_default_quote_policy: hostFunction(() => ({ database: true, schema: true, identifier: true })),
      add_ephemeral_prefix: hostFunction((args) => `__dbt__cte__${String(args[0])}`)
    },
    Column: {
      create: hostFunction((args, kwargs) => new Column(String(args[0] ?? kwargs["name"]), translate3(args[1] ?? kwargs["label_or_dtype"]))),
      translate_type: hostFunction((args) => translate3(args[0])),
      numeric_type: hostFunction((args) => args[1] === void 0 || args[1] === null ? String(args[0]) : `${String(args[0])}(${String(args[1])},${String(args[2])})`),
      string_type: hostFunction((args) => `character varying(${String(args[0])})`)
    }
  };
}
function createRelation(kwargs) {
  const text4 = (key) => typeof kwargs[key] === "string" ? kwargs[key] : null;
  return new Relation({
    database: text4("database"),
    schema: text4("schema"),
    identifier: text4("identifier"),
    type: text4("type")
  });
}

// transform/manifest/graph.ts
var Graph = class {
  parents = /* @__PURE__ */ new Map();
  children = /* @__PURE__ */ new Map();
  constructor(dependencies) {
    const entries = [...dependencies];
    for (const [id] of entries) {
      this.parents.set(id, []);
      this.children.set(id, []);
    }
    for (const [id, parents] of entries)
      for (const parent of new Set(parents)) {
        if (!this.children.has(parent)) continue;
        this.parents.get(id)?.push(parent);
        this.children.get(parent)?.push(id);
      }
  }
  get ids() {
    return [...this.parents.keys()];
  }
  /** Everything upstream of the ids, themselves left out; at most `depth` steps away. */
  ancestors(ids, depth = Number.POSITIVE_INFINITY) {
    return reach(ids, this.parents, depth);
  }
  descendants(ids, depth = Number.POSITIVE_INFINITY) {
    return reach(ids, this.children, depth);
  }
  /** The ids in an order in which every parent comes first; among equals the order of declaration. Throws SQL_GRAPH_CYCLE. */
  order() {
    const waiting = new Map([...this.parents].map(([id, parents]) => [id, parents.length]));
    const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
    const done = [];
    for (let id = ready.shift(); id !== void 0; id = ready.shift()) {
      done.push(id);
      for (const child of this.children.get(id) ?? []) {
        const left = waiting.get(child) - 1;
        waiting.set(child, left);
        if (left === 0) ready.push(child);
      }
    }
    if (done.length < waiting.size) throw cycleError(this, new Set(done));
    return done;
  }
};
function withTestEdges(graph, tests2) {
  const result = new Map([...graph.parents].map(([id, parents]) => [id, [...parents]]));
  const testIds = /* @__PURE__ */ new Set();
  const all = [...tests2];
  for (const [id] of all) testIds.add(id);
  for (const [testId, dependencies] of all) {
    const known = dependencies.filter((id) => graph.children.has(id));
    if (known.length === 0) continue;
    for (const id of gatedBy(graph, known)) if (!testIds.has(id)) result.get(id)?.push(testId);
  }
  return result;
}
function gatedBy(graph, ids) {
  const [first, ...others] = ids;
  if (others.length === 0) return graph.children.get(first) ?? [];
  let common = graph.descendants([first]);
  for (const other of others) {
    const theirs = graph.descendants([other]);
    common = new Set([...common].filter((id) => theirs.has(id)));
  }
  return [...common].filter((id) => !(graph.parents.get(id) ?? []).some((parent) => common.has(parent)));
}
function reach(from, edges, depth) {
  const found2 = /* @__PURE__ */ new Set();
  let frontier = [...from];
  for (let step2 = 0; step2 < depth && frontier.length > 0; step2++) {
    const next = [];
    for (const id of frontier)
      for (const other of edges.get(id) ?? [])
        if (!found2.has(other)) {
          found2.add(other);
          next.push(other);
        }
    frontier = next;
  }
  return found2;
}
function cycleError(graph, done) {
  const left = graph.ids.filter((id2) => !done.has(id2));
  const path = [];
  let id = left[0];
  while (!path.includes(id)) {
    path.push(id);
    id = (graph.parents.get(id) ?? []).find((parent) => !done.has(parent));
  }
  const circle = [...path.slice(path.indexOf(id)), id].reverse();
  return new MillraceError("SQL_GRAPH_CYCLE", `found a cycle: ${circle.join(" --> ")}`);
}

// transform/manifest/parse.ts
import { randomUUID } from "node:crypto";
import { readdirSync as readdirSync3, readFileSync as readFileSync7 } from "node:fs";
import { join as join8, resolve as resolve3 } from "node:path";

// kernel/paths.ts
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
var packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)));
function findPackageRoot(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json above ${from}: Millrace is not installed whole`);
  }
}

// transform/project/files.ts
import { createHash as createHash2 } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join as join2 } from "node:path";
var skippedFolders = /* @__PURE__ */ new Set(["node_modules", ".git"]);
function readSources(root, searchPaths, extensions) {
  return listFiles(root, searchPaths, extensions).map(({ path, relativePath }) => readSource(root, path, relativePath));
}
function listFiles(root, searchPaths, extensions) {
  const found2 = /* @__PURE__ */ new Map();
  for (const searchPath of searchPaths)
    for (const relativePath of walk(join2(root, searchPath)))
      if (extensions.some((extension) => relativePath.toLowerCase().endsWith(extension))) {
        const path = join2(searchPath, relativePath).replaceAll("\\", "/");
        if (!found2.has(path)) found2.set(path, relativePath);
      }
  return [...found2].map(([path, relativePath]) => ({ path, relativePath })).sort((a, b) => a.path < b.path ? -1 : 1);
}
function readSource(root, path, relativePath) {
  const absolutePath = join2(root, path);
  const text4 = readFileSync(absolutePath, "utf8").replace(/^\uFEFF/, "");
  return { path, relativePath, absolutePath, text: text4, checksum: sha256(text4.trim()) };
}
function sha256(text4) {
  return createHash2("sha256").update(text4).digest("hex");
}
function md5(text4) {
  return createHash2("md5").update(text4).digest("hex");
}
function* walk(folder, prefix = "") {
  for (const entry of list(folder)) {
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* walk(join2(folder, entry.name), `${prefix}${entry.name}/`);
    } else if (!entry.name.startsWith(".")) yield prefix + entry.name;
  }
}
function list(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

// transform/project/package.ts
import { existsSync as existsSync2, readdirSync as readdirSync2, readFileSync as readFileSync2 } from "node:fs";
import { join as join3, resolve } from "node:path";

// transform/project/project-file.ts
var configTreeKeys = [
  "models",
  "seeds",
  "snapshots",
  "sources",
  "data_tests",
  "tests",
  "unit_tests",
  "exposures",
  "metrics",
  "semantic-models",
  "saved-queries",
  "analyses",
  "functions"
];
var knownKeys = /* @__PURE__ */ new Set([
  ...configTreeKeys,
  ..."name version config-version profile model-paths seed-paths snapshot-paths test-paths macro-paths analysis-paths docs-paths asset-paths function-paths".split(" "),
  ..."target-path log-path packages-install-path clean-targets quoting on-run-start on-run-end require-dbt-version dispatch query-comment".split(" "),
  ..."restrict-access flags vars dbt-cloud packages anchors source-paths data-paths".split(" ")
]);
var reservedNames = new Set(
  "adapter api builtins config context dbt_version env_var exceptions execute flags fromjson fromyaml graph invocation_id load_result log model modules post_hooks pre_hooks print project_name ref render return run_started_at schema source sql store_result target this tojson toyaml try_or_compiler_error var write".split(
    " "
  )
);
function readProjectFile(keys, path) {
  const fail2 = (message, hint) => {
    throw new MillraceError("SQL_PROJECT_INVALID", `${path}: ${message}`, hint ? { hint } : {});
  };
  for (const key of Object.keys(keys))
    if (!knownKeys.has(key) && !knownKeys.has(key.replaceAll("_", "-")))
      fail2(`the key "${key}" is not known`, didYouMean(key, knownKeys) || 'Its place may be under "vars" or "flags".');
  const get = (key) => keys[key] ?? keys[key.replaceAll("-", "_")];
  const name = get("name");
  if (typeof name !== "string" || !/^[^\d\W]\w*$/u.test(name))
    return fail2(`"name" must be letters, digits and underscores, not beginning with a digit; got ${describe2(name)}`);
  if (reservedNames.has(name)) fail2(`"${name}" cannot be a project's name, since templates use it`);
  const list3 = (key, fallback) => {
    const value = get(key);
    if (value === void 0 || value === null) return fallback;
    const texts = Array.isArray(value) ? value : [value];
    if (!texts.every((each) => typeof each === "string")) fail2(`"${key}" must be a list of texts; got ${describe2(value)}`);
    return texts;
  };
  const object4 = (key) => {
    const value = get(key);
    if (value === void 0 || value === null) return {};
    return isObject(value) ? value : fail2(`"${key}" must be an object; got ${describe2(value)}`);
  };
  if (keys["tests"] && keys["data_tests"]) fail2('"tests" and "data_tests" are the same thing: keep one of them');
  const trees = {};
  for (const key of configTreeKeys) trees[key === "tests" ? "data_tests" : key.replaceAll("-", "_")] ??= object4(key);
  if (keys["tests"]) trees["data_tests"] = object4("tests");
  const tests2 = list3("test-paths", ["tests"]);
  return {
    name,
    version: get("version") === void 0 || get("version") === null ? null : String(get("version")),
    profile: typeof get("profile") === "string" ? get("profile") : null,
    paths: {
      models: list3("model-paths", list3("source-paths", ["models"])),
      seeds: list3("seed-paths", list3("data-paths", ["seeds"])),
      snapshots: list3("snapshot-paths", ["snapshots"]),
      tests: tests2,
      macros: list3("macro-paths", ["macros"]),
      analyses: list3("analysis-paths", ["analyses"]),
      docs: list3("docs-paths", [])
    },
    targetPath: text(get("target-path"), "target"),
    logPath: text(get("log-path"), "logs"),
    packagesInstallPath: text(get("packages-install-path"), "dbt_packages"),
    cleanTargets: list3("clean-targets", [text(get("target-path"), "target")]),
    quoting: object4("quoting"),
    onRunStart: list3("on-run-start", []),
    onRunEnd: list3("on-run-end", []),
    dispatch: readDispatch(get("dispatch"), fail2),
    configTrees: trees,
    vars: object4("vars"),
    queryComment: get("query-comment"),
    flags: object4("flags"),
    requireDbtVersion: list3("require-dbt-version", []),
    restrictAccess: get("restrict-access") === true
  };
}
function text(value, fallback) {
  return typeof value === "string" && value !== "" ? value : fallback;
}
function readDispatch(value, fail2) {
  if (value === void 0 || value === null) return [];
  if (!Array.isArray(value)) return fail2(`"dispatch" must be a list; got ${describe2(value)}`);
  return value.map((entry) => {
    if (!isObject(entry) || typeof entry["macro_namespace"] !== "string" || !Array.isArray(entry["search_order"]))
      return fail2('each entry of "dispatch" needs macro_namespace and search_order');
    return { macroNamespace: entry["macro_namespace"], searchOrder: entry["search_order"].map(String) };
  });
}

// transform/project/render.ts
function renderYaml(value, context, path, keep, keys = []) {
  if (keep?.(keys)) return value;
  if (typeof value === "string") return hasTemplate(value) ? toHost(compileTemplate(value, { path }).renderNative(context)) : value;
  if (Array.isArray(value)) return value.map((item2) => renderYaml(item2, context, path, keep, keys));
  if (!isObject(value)) return value;
  const rendered = {};
  for (const [key, item2] of Object.entries(value)) rendered[key] = renderYaml(item2, context, path, keep, [...keys, key]);
  return rendered;
}
function hasTemplate(text4) {
  return text4.includes("{{") || text4.includes("{%") || text4.includes("{#");
}

// transform/project/package.ts
var keptKeys = /* @__PURE__ */ new Set(["on-run-start", "on-run-end", "on_run_start", "on_run_end", "pre-hook", "post-hook", "+pre-hook", "+post-hook", "pre_hook", "post_hook", "+pre_hook", "+post_hook", "query-comment", "query_comment"]);
function readProjectKeys(dir) {
  const path = join3(dir, "dbt_project.yml");
  if (!existsSync2(path))
    throw new MillraceError("SQL_PROJECT_INVALID", `there is no dbt_project.yml in ${resolve(dir)}`, { hint: "Name the project's folder with --project-dir." });
  return readYamlObject(readFileSync2(path, "utf8"), path);
}
function readPackage(dir, keys, context) {
  const path = join3(dir, "dbt_project.yml");
  const rendered = renderYaml(keys, context, path, (at2) => keptKeys.has(at2.at(-1) ?? ""));
  const file = readProjectFile(rendered, path);
  return { name: file.name, dir, file };
}
function packageDirs(root, context) {
  const installed = join3(root.dir, root.file.packagesInstallPath);
  const found2 = existsSync2(installed) ? readdirSync2(installed, { withFileTypes: true }).filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => join3(installed, entry.name)).filter((dir) => existsSync2(join3(dir, "dbt_project.yml"))).sort() : [];
  const names2 = new Set(found2.map((dir) => readProjectKeys(dir)["name"]));
  const local = readDependencies(root.dir, context).flatMap((entry) => typeof entry["local"] === "string" ? [resolve(root.dir, entry["local"])] : []).filter((dir) => existsSync2(join3(dir, "dbt_project.yml")) && !names2.has(readProjectKeys(dir)["name"]));
  const nested = local.flatMap((dir) => packageDirs(readPackage(dir, readProjectKeys(dir), context), context));
  return [.../* @__PURE__ */ new Set([...found2, ...local, ...nested])];
}
function readDependencies(dir, context) {
  return ["packages.yml", "dependencies.yml"].flatMap((name) => {
    const path = join3(dir, name);
    if (!existsSync2(path)) return [];
    const keys = renderYaml(readYamlObject(readFileSync2(path, "utf8"), path), context, path);
    const packages = keys["packages"];
    return Array.isArray(packages) ? packages.filter(isObject) : [];
  });
}
function requireInstalled(root, packages, context) {
  const wanted = readDependencies(root.dir, context).filter((entry) => entry["local"] === void 0);
  const missing3 = wanted.length > packages.length - 1 ? wanted : [];
  if (missing3.length === 0) return;
  const names2 = missing3.map((entry) => entry["package"] ?? entry["git"] ?? entry["tarball"] ?? "a package").join(", ");
  throw new MillraceError("SQL_PACKAGE_MISSING", `${missing3.length} package(s) of packages.yml are not installed: ${names2}`, { hint: "Run `millrace sql deps`." });
}

// transform/project/profile.ts
import { existsSync as existsSync3, readFileSync as readFileSync3 } from "node:fs";
import { homedir } from "node:os";
import { basename, extname, join as join4, resolve as resolve2 } from "node:path";
var secretKeys = /* @__PURE__ */ new Set(["password", "pass", "token", "sslkey", "sslpassword", "motherduck_token", "secrets", "settings"]);
function readTarget(options) {
  const found2 = findProfiles(options);
  if (!found2) {
    if (options.connectionUrl) return targetOfUrl(options, "default", options.target ?? "dev", {});
    throw new MillraceError("SQL_PROFILE_INVALID", "no profiles.yml was found", {
      hint: `Write one in ${options.profilesDir ?? options.projectDir}, or name its folder with --profiles-dir.`
    });
  }
  const profiles = readYamlObject(readFileSync3(found2, "utf8"), found2);
  const profileName = options.profileName ?? Object.keys(profiles).find((key) => key !== "config") ?? "default";
  const profile = profiles[profileName];
  if (!isObject(profile)) {
    if (options.connectionUrl) return targetOfUrl(options, profileName, options.target ?? "dev", {});
    throw new MillraceError(
      "SQL_PROFILE_INVALID",
      `${found2} has no profile "${profileName}"`,
      { hint: didYouMean(profileName, Object.keys(profiles)) || `It has: ${Object.keys(profiles).join(", ")}.` }
    );
  }
  const name = options.target ?? String(options.render(profile["target"] ?? "default", found2));
  const outputs = isObject(profile["outputs"]) ? profile["outputs"] : {};
  const output = outputs[name];
  if (!isObject(output)) {
    if (options.connectionUrl) return targetOfUrl(options, profileName, name, {});
    throw new MillraceError("SQL_PROFILE_INVALID", `${found2}: the profile "${profileName}" has no target "${name}"`, {
      hint: didYouMean(name, Object.keys(outputs)) || `It has: ${Object.keys(outputs).join(", ")}.`
    });
  }
  if (options.connectionUrl) {
    const kept = Object.fromEntries(["schema", "threads"].flatMap((key) => output[key] === void 0 ? [] : [[key, output[key]]]));
    return targetOfUrl(options, profileName, name, options.render(kept, found2));
  }
  return targetOfOutput(options, profileName, name, options.render(output, found2), found2);
}
function targetVariables(target) {
  const shown = Object.fromEntries(Object.entries(target.fields).filter(([key]) => !secretKeys.has(key)));
  return {
    ...shown,
    type: target.type,
    schema: target.schema,
    database: target.database,
    dbname: target.database,
    threads: target.threads,
    name: target.name,
    target_name: target.name,
    profile_name: target.profileName
  };
}
function findProfiles(options) {
  const given = options.profilesDir ?? options.env["DBT_PROFILES_DIR"];
  if (given) {
    const path = join4(resolve2(given), "profiles.yml");
    if (existsSync3(path) || options.connectionUrl) return existsSync3(path) ? path : void 0;
    throw new MillraceError("SQL_PROFILE_INVALID", `there is no profiles.yml in ${resolve2(given)}`);
  }
  const folders = options.connectionUrl ? [options.projectDir] : [process.cwd(), options.projectDir, join4(homedir(), ".dbt")];
  return folders.map((folder) => join4(folder, "profiles.yml")).find((path) => existsSync3(path));
}
function targetOfOutput(options, profileName, name, output, path) {
  const type = output["type"];
  const fail2 = (message, hint) => {
    throw new MillraceError("SQL_PROFILE_INVALID", `${path}: target "${name}": ${message}`, hint ? { hint } : {});
  };
  const threads = options.threads ?? Number(output["threads"] ?? 1);
  if (!Number.isInteger(threads) || threads < 1) fail2(`"threads" must be a whole number above 0; got ${describe2(output["threads"])}`);
  if (type === "postgres") {
    const database = output["dbname"] ?? output["database"];
    for (const key of ["host", "user", "schema"]) if (typeof output[key] !== "string") fail2(`"${key}" is missing`);
    if (typeof database !== "string") fail2('"dbname" is missing');
    return { profileName, name, type, database: String(database), schema: String(output["schema"]), threads, fields: output, url: null };
  }
  if (type === "duckdb") {
    const file = String(output["path"] ?? ":memory:");
    const database = String(output["database"] ?? duckdbDatabase(file));
    return { profileName, name, type, database, schema: String(output["schema"] ?? "main"), threads, fields: { ...output, path: file }, url: null };
  }
  return fail2(`the type ${describe2(type)} is not supported`, "Millrace runs projects on postgres and duckdb.");
}
function targetOfUrl(options, profileName, name, output) {
  const url = options.connectionUrl;
  const threads = options.threads ?? Number(output["threads"] ?? 4);
  if (/^(duckdb:|md:)/.test(url)) {
    const file = url.replace(/^duckdb:(\/\/)?/, "");
    const schema2 = String(output["schema"] ?? "main");
    return { profileName, name, type: "duckdb", database: duckdbDatabase(file), schema: schema2, threads, fields: { path: file }, url };
  }
  if (!URL.canParse(url)) throw new MillraceError("SQL_PROFILE_INVALID", "the connection URL cannot be read");
  const parsed = new URL(url);
  const fields = { host: parsed.hostname, port: Number(parsed.port || 5432), user: decodeURIComponent(parsed.username) };
  const database = decodeURIComponent(parsed.pathname.slice(1)) || "postgres";
  const schema = String(output["schema"] ?? "public");
  return { profileName, name, type: "postgres", database, schema, threads, fields, url };
}
function duckdbDatabase(file) {
  if (file === ":memory:" || file === "") return "memory";
  if (file.startsWith("md:")) return file.slice(3).split("?")[0] || "my_db";
  return basename(file, extname(file));
}

// transform/manifest/cache.ts
import { existsSync as existsSync4, mkdirSync, readFileSync as readFileSync4, renameSync, writeFileSync } from "node:fs";
import { dirname as dirname2, join as join5 } from "node:path";
var cacheFormat = 1;
var CaptureCache = class {
  #path;
  #before;
  #now = { format: cacheFormat, captures: {}, yaml: {} };
  #isNew = false;
  #world = "";
  constructor(folder, projectDir) {
    this.#path = folder === null ? null : join5(folder, `${sha256(projectDir).slice(0, 16)}.json`);
    this.#before = read(this.#path);
  }
  /** Sets the checksum of what may change the rendering of any node. */
  setWorld(checksum) {
    this.#world = checksum.slice(0, 32);
  }
  capture(of, make) {
    const key = `${this.#world}:${of}`;
    const known = this.#now.captures[key] ?? this.#before.captures[key];
    const capture = known ?? make();
    if (!known) this.#isNew = true;
    this.#now.captures[key] = capture;
    return structuredClone(capture);
  }
  yaml(checksum, make) {
    const known = this.#now.yaml[checksum] ?? this.#before.yaml[checksum];
    const value = known ?? make();
    if (known === void 0) this.#isNew = true;
    this.#now.yaml[checksum] = value;
    return structuredClone(value);
  }
  /** Writes what this parse used, when something of it was new. Readers see the old file or the new one, whole. */
  save() {
    const unused = Object.keys(this.#before.captures).length + Object.keys(this.#before.yaml).length > Object.keys(this.#now.captures).length + Object.keys(this.#now.yaml).length;
    if (this.#path === null || !this.#isNew && !unused) return;
    mkdirSync(dirname2(this.#path), { recursive: true });
    const temporary = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(this.#now));
    renameSync(temporary, this.#path);
  }
};
function read(path) {
  const empty = { format: cacheFormat, captures: {}, yaml: {} };
  if (path === null || !existsSync4(path)) return empty;
  try {
    const stored = JSON.parse(readFileSync4(path, "utf8"));
    return stored.format === cacheFormat ? stored : empty;
  } catch {
    return empty;
  }
}

// transform/manifest/macros.ts
var internalPackage = "dbt";
var MacroRegistry = class {
  #packages = /* @__PURE__ */ new Map();
  #rootName;
  #dispatch;
  adapterType;
  constructor(rootName, dispatch, adapterType) {
    this.#rootName = rootName;
    this.#dispatch = dispatch;
    this.adapterType = adapterType;
  }
  /** Reads the macros of one file. Throws when its package already has a macro of that name. */
  addFile(packageName, text4, path, source) {
    const macros = this.#packages.get(packageName) ?? /* @__PURE__ */ new Map();
    this.#packages.set(packageName, macros);
    for (const definition of compileMacros(text4, { path })) {
      const name = macroName(definition);
      if (name === null) continue;
      const other = macros.get(name);
      if (other)
        throw new MillraceError("SQL_PROJECT_INVALID", `the macro "${name}" stands twice in the package ${packageName}: ${other.definition.path}:${other.definition.line} and ${path}:${definition.line}`);
      macros.set(name, { uniqueId: `macro.${packageName}.${name}`, name, packageName, definition, source });
    }
  }
  get packageNames() {
    return [...this.#packages.keys()];
  }
  get all() {
    return [...this.#packages.values()].flatMap((macros) => [...macros.values()]);
  }
  ofPackage(packageName) {
    return this.#packages.get(packageName);
  }
  /** A name without a package: the node's own package first, then the root project, then the engine's. */
  find(name, packageName) {
    return this.#packages.get(packageName)?.get(name) ?? this.#packages.get(this.#rootName)?.get(name) ?? this.#packages.get(internalPackage)?.get(name);
  }
  /** Macros that build names and such: the root project first, whoever asks. */
  findOverridable(name, packageName) {
    return this.#packages.get(this.#rootName)?.get(name) ?? this.find(name, packageName);
  }
  /**
   * `adapter.dispatch`: in each package of the search order, the adapter's own implementation, then the default one.
   * Throws SQL_REFERENCE_UNKNOWN that lists what was looked for.
   */
  dispatch(name, namespace2, packageName) {
    const order = this.#searchOrder(namespace2, packageName);
    for (const candidate of order)
      for (const prefix of [this.adapterType, "default"]) {
        const found2 = this.#packages.get(candidate)?.get(`${prefix}__${name}`);
        if (found2) return found2;
      }
    const tried = order.flatMap((each) => [this.adapterType, "default"].map((prefix) => `${each}.${prefix}__${name}`));
    throw new MillraceError("SQL_REFERENCE_UNKNOWN", `adapter.dispatch found no macro "${name}"; it looked for ${tried.join(", ")}`, {
      hint: namespace2 && !this.#packages.has(namespace2) ? `There is no package "${namespace2}".` : didYouMean(name, this.all.map((entry) => entry.name.replace(/^\w+?__/, "")))
    });
  }
  #searchOrder(namespace2, packageName) {
    if (namespace2 === null) return [.../* @__PURE__ */ new Set([packageName, this.#rootName, ...this.packageNames, internalPackage])];
    const configured = this.#dispatch.find((entry) => entry.macroNamespace === namespace2)?.searchOrder;
    if (configured) return [...configured, ...namespace2 === internalPackage ? [internalPackage] : []];
    return [.../* @__PURE__ */ new Set([this.#rootName, namespace2])];
  }
};
var MacroScope = class {
  registry;
  #packageName;
  #context;
  #onUse;
  #bound = /* @__PURE__ */ new Map();
  #contexts = /* @__PURE__ */ new Map();
  constructor(registry, packageName, context, onUse) {
    this.registry = registry;
    this.#packageName = packageName;
    this.#context = context;
    this.#onUse = onUse;
  }
  /** What a name of a template means as a macro or a package; undefined when it is neither. */
  get(name) {
    const entry = this.registry.find(name, this.#packageName);
    if (entry) return this.bind(entry);
    return this.registry.ofPackage(name) ? new PackageNamespace(name, this) : void 0;
  }
  /** A macro by its name, with or without its package; undefined when there is none. */
  find(name) {
    const [packageName, own] = name.includes(".") ? name.split(".", 2) : [null, name];
    const entry = packageName ? this.registry.ofPackage(packageName)?.get(own) : this.registry.find(own, this.#packageName);
    return entry && this.bind(entry);
  }
  bind(entry) {
    this.#onUse?.(entry);
    let bound = this.#bound.get(entry);
    if (!bound) {
      bound = entry.definition.bind(this.#contextOf(entry.packageName));
      this.#bound.set(entry, bound);
    }
    return bound;
  }
  /** `adapter.dispatch(name, namespace)` */
  dispatch = hostFunction((args, kwargs) => {
    const [name, namespace2] = readArguments("dispatch", ["macro_name", "macro_namespace?", "packages?"], args, kwargs);
    if (String(name).includes("."))
      throw new MillraceError("SQL_COMPILATION_FAILED", `adapter.dispatch takes the name of the package as its second argument; got "${name}"`);
    return this.bind(this.registry.dispatch(String(name), typeof namespace2 === "string" ? namespace2 : null, this.#packageName));
  });
  /** A macro's names come from the node that is rendered, so that a project can override them; then from the macro's own package. */
  #contextOf(packageName) {
    let context = this.#contexts.get(packageName);
    if (!context) {
      const own = this.registry.ofPackage(packageName);
      context = {
        get: (name) => {
          const value = this.#context.get(name);
          if (value !== void 0) return value;
          const entry = own?.get(name);
          return entry && this.bind(entry);
        }
      };
      this.#contexts.set(packageName, context);
    }
    return context;
  }
};
var PackageNamespace = class extends HostObject {
  #name;
  #scope;
  constructor(name, scope) {
    super();
    this.#name = name;
    this.#scope = scope;
  }
  getAttribute(name) {
    const entry = this.#scope.registry.ofPackage(this.#name)?.get(name);
    if (entry) return this.#scope.bind(entry);
    if (name === "get") return hostFunction((args) => this.getAttribute(String(args[0])) ?? args[1] ?? null);
    return void 0;
  }
  toString() {
    return `<package ${this.#name}>`;
  }
};
function macroName(definition) {
  const kind = definition.kind;
  if (kind === "macro") return definition.name;
  if (kind === "test" || kind === "data_test") return `test_${definition.name}`;
  if (kind === "materialization") return `materialization_${definition.name}_${definition.adapter ?? "default"}`;
  return null;
}

// transform/project/config.ts
var appended = /* @__PURE__ */ new Set(["tags", "pre_hook", "post_hook", "packages"]);
var updated = /* @__PURE__ */ new Set(["meta", "quoting", "column_types", "docs", "contract", "snapshot_meta_column_names"]);
var aliases = {
  "pre-hook": "pre_hook",
  "post-hook": "post_hook",
  materialised: "materialized",
  dataset: "schema",
  project: "database",
  data_space: "database"
};
var shared = { enabled: true, alias: null, schema: null, database: null, tags: [], meta: {}, group: null };
var nodeDefaults = {
  ...shared,
  materialized: "view",
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  post_hook: [],
  pre_hook: [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: "ignore",
  on_configuration_change: "apply",
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null
};
var configDefaults = {
  model: { ...nodeDefaults, access: "protected", freshness: null },
  analysis: nodeDefaults,
  operation: nodeDefaults,
  seed: { ...nodeDefaults, materialized: "seed", delimiter: ",", quote_columns: null },
  snapshot: {
    ...nodeDefaults,
    materialized: "snapshot",
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: {
      dbt_valid_to: null,
      dbt_valid_from: null,
      dbt_scd_id: null,
      dbt_updated_at: null,
      dbt_is_deleted: null
    },
    dbt_valid_to_current: null,
    hard_deletes: null
  },
  test: {
    enabled: true,
    alias: null,
    schema: "dbt_test__audit",
    database: null,
    tags: [],
    meta: {},
    group: null,
    materialized: "test",
    severity: "ERROR",
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: "count(*)",
    warn_if: "!= 0",
    error_if: "!= 0"
  },
  unit_test: { enabled: true, tags: [], meta: {}, static_analysis: null },
  source: { enabled: true, event_time: null, freshness: null, loaded_at_field: null, loaded_at_query: null, meta: {}, tags: [] },
  exposure: { enabled: true, tags: [], meta: {} },
  macro: { meta: {}, docs: { show: true, node_color: null } }
};
function mergeConfig(lower, higher) {
  const result = { ...lower };
  for (const [spelled, value] of Object.entries(higher)) {
    const key = aliases[spelled] ?? spelled;
    if (key === "grants") result[key] = mergeGrants(result[key], value);
    else if (appended.has(key)) {
      const added = isHook(key) ? toHooks(value) : toList(value);
      result[key] = [...toList(result[key]), ...added];
      if (key === "tags") result[key] = [...new Set(result[key])];
    } else if (updated.has(key) && isObject(value)) result[key] = { ...isObject(result[key]) ? result[key] : {}, ...value };
    else result[key] = value;
  }
  return result;
}
function configFromTree(tree, fqn) {
  let result = {};
  let level = tree;
  for (const part of ["", ...fqn]) {
    if (part !== "") level = level[part];
    if (!isObject(level)) break;
    result = mergeConfig(result, levelConfig(level));
  }
  return result;
}
function checkConfig(config, where) {
  const fail2 = (key, wanted) => {
    throw new MillraceError("SQL_PROJECT_INVALID", `${where}: config "${key}" must be ${wanted}; got ${describe2(config[key])}`);
  };
  if (typeof config["enabled"] !== "boolean") fail2("enabled", "true or false");
  if ("materialized" in config && typeof config["materialized"] !== "string") fail2("materialized", "a text");
  const schemaChange = config["on_schema_change"];
  if (schemaChange !== void 0 && !["ignore", "append_new_columns", "sync_all_columns", "fail"].includes(String(schemaChange)))
    fail2("on_schema_change", "ignore, append_new_columns, sync_all_columns or fail");
  if (config["severity"] !== void 0 && !/^(warn|error)$/i.test(String(config["severity"]))) fail2("severity", "warn or error");
}
function toHooks(value) {
  return toList(value).map((hook) => {
    if (isObject(hook)) return { sql: String(hook["sql"] ?? ""), transaction: hook["transaction"] !== false, index: null };
    return readTextHook(String(hook));
  });
}
function readTextHook(text4) {
  if (/^\s*\{.*"sql"/s.test(text4)) {
    try {
      const { sql, transaction } = JSON.parse(text4);
      return { sql, transaction: transaction !== false, index: null };
    } catch {
    }
  }
  return { sql: text4, transaction: true, index: null };
}
function toList(value) {
  if (value === void 0 || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
function isHook(key) {
  return key === "pre_hook" || key === "post_hook";
}
function levelConfig(level) {
  const config = {};
  for (const [key, value] of Object.entries(level)) {
    if (key.startsWith("+")) config[key.slice(1).trim()] = value;
    else if (!isObject(value)) config[key] = value;
  }
  return config;
}
function mergeGrants(lower, higher) {
  const result = isObject(lower) ? { ...lower } : {};
  for (const [spelled, grantees] of Object.entries(isObject(higher) ? higher : {})) {
    const key = spelled.startsWith("+") ? spelled.slice(1) : spelled;
    result[key] = spelled.startsWith("+") ? [...toList(result[key]), ...toList(grantees)] : toList(grantees);
  }
  return result;
}

// transform/manifest/read-seeds.ts
import { readFileSync as readFileSync5, statSync } from "node:fs";
import { join as join6 } from "node:path";
var seedBytesMax = 1024 * 1024;
function readSeedFiles(world, pkg) {
  return listFiles(pkg.dir, pkg.file.paths.seeds, [".csv"]).map(({ path, relativePath }) => {
    const name = (relativePath.split("/").at(-1) ?? "").replace(/\.[^.]*$/, "");
    return {
      resourceType: "seed",
      name,
      pkg,
      path: relativePath,
      originalFilePath: path,
      fqn: [pkg.name, ...relativePath.split("/").slice(0, -1), name],
      text: "",
      checksum: checksumOf(join6(pkg.dir, path), path),
      properties: propertiesOf(world, pkg, "seeds", name)
    };
  });
}
function checksumOf(absolutePath, path) {
  if (statSync(absolutePath).size > seedBytesMax) return { name: "path", checksum: path };
  return { name: "sha256", checksum: sha256(readFileSync5(absolutePath, "utf8").trim()) };
}

// transform/compile/names.ts
function readRef(args, kwargs) {
  const { version, v, ...others } = kwargs;
  if (args.length === 0 || args.length > 2 || Object.keys(others).length > 0 || !args.every((arg) => typeof arg === "string"))
    throw new MillraceError("SQL_COMPILATION_FAILED", `ref() takes a name, or a package and a name, as texts; got ${args.length} arguments`);
  const [first, second] = args;
  return { name: second ?? first, package: second === void 0 ? null : first, version: version ?? v ?? null };
}
function readSourceCall(args, kwargs) {
  const [source, table2] = readArguments("source", ["source_name", "table_name"], args, kwargs);
  return [String(source), String(table2)];
}
function describeRef(ref) {
  const parts2 = [ref.package, ref.name].filter((part) => part !== null).map((part) => `'${part}'`);
  return `ref(${parts2.join(", ")}${ref.version === null ? "" : `, v=${String(ref.version)}`})`;
}
function describeNode(node) {
  return `${node.resource_type} '${node.name}' (${node.original_file_path})`;
}

// transform/compile/scope.ts
var NodeScope = class {
  macros;
  #packageName;
  #own;
  #base;
  constructor(options) {
    this.#packageName = options.packageName;
    this.#own = options.own;
    this.#base = options.base;
    this.macros = new MacroScope(options.registry, options.packageName, this, options.onMacro);
  }
  get(name) {
    const macro = this.macros.registry.find(name, this.#packageName);
    if (macro && macro.packageName !== internalPackage) return this.macros.bind(macro);
    if (Object.hasOwn(this.#own, name)) return this.#own[name];
    if (Object.hasOwn(this.#base, name)) return this.#base[name];
    if (name === "context") return new ContextObject(this);
    if (name === "builtins") return { ref: this.#own["ref"], source: this.#own["source"], config: this.#own["config"] };
    return macro ? this.macros.bind(macro) : this.macros.get(name);
  }
  *names() {
    yield* Object.keys(this.#own);
    yield* Object.keys(this.#base);
    for (const entry of this.macros.registry.all) if (entry.packageName === this.#packageName || entry.packageName === internalPackage) yield entry.name;
    yield* this.macros.registry.packageNames;
  }
  macro(name) {
    return this.macros.find(name);
  }
};
var ContextObject = class extends HostObject {
  #scope;
  constructor(scope) {
    super();
    this.#scope = scope;
  }
  getAttribute(name) {
    if (name === "get") return hostFunction((args) => this.#scope.get(String(args[0])) ?? args[1] ?? null);
    return this.#scope.get(name);
  }
  iterate() {
    return this.#scope.names();
  }
  toString() {
    return "<context>";
  }
};

// transform/manifest/capture.ts
function captureTemplate(text4, options) {
  const capture = { refs: [], sources: [], config: {}, macros: [] };
  const macros = /* @__PURE__ */ new Set();
  const own = { ...parseContext(capture), ...options.own };
  const scope = new NodeScope({
    registry: options.registry,
    packageName: options.packageName,
    own,
    base: options.base,
    onMacro: (entry) => macros.add(entry.uniqueId)
  });
  own["adapter"] = new ParseAdapter(scope);
  options.prepare?.(scope, own);
  const place = options.firstLine === void 0 ? { path: options.path } : { path: options.path, firstLine: options.firstLine };
  compileTemplate(text4, place).renderSync(scope, { lenient: true });
  return { ...capture, refs: distinct(capture.refs), sources: distinct(capture.sources), macros: [...macros] };
}
function parseContext(capture) {
  const nothing2 = hostFunction(() => "");
  const relation = new Relation({ database: "database", schema: "schema", identifier: "identifier" });
  return {
    execute: false,
    ref: hostFunction(function ref(args, kwargs) {
      capture.refs.push(readRef(args, kwargs));
      return relation;
    }),
    source: hostFunction(function source(args, kwargs) {
      capture.sources.push(readSourceCall(args, kwargs));
      return relation;
    }),
    config: parseConfig(capture),
    this: relation,
    schema: "schema",
    database: "database",
    model: new Dict(),
    graph: new Dict(),
    sql: "",
    compiled_code: "",
    pre_hooks: [],
    post_hooks: [],
    selected_resources: [],
    load_result: hostFunction(() => null),
    store_result: nothing2,
    store_raw_result: nothing2,
    write: nothing2,
    render: hostFunction((args) => args[0] ?? ""),
    load_agate_table: nothing2,
    try_or_compiler_error: hostFunction(() => null),
    submit_python_job: nothing2,
    doc: nothing2,
    adapter_macro: nothing2
  };
}
function parseConfig(capture) {
  return hostFunction(
    function config(args, kwargs) {
      const given = args.length > 0 ? toHost(args[0]) : toHost(kwargs);
      capture.config = mergeConfig(capture.config, given);
      return "";
    },
    {
      get: hostFunction((args, kwargs) => args[1] ?? kwargs["default"] ?? ""),
      require: hostFunction(() => ""),
      set: hostFunction(() => ""),
      meta_get: hostFunction(() => ""),
      persist_relation_docs: hostFunction(() => false),
      persist_column_docs: hostFunction(() => false)
    }
  );
}
var listMethods2 = /* @__PURE__ */ new Set(["get_columns_in_relation", "get_missing_columns", "list_relations", "list_relations_without_caching", "list_schemas", "get_column_schema_from_query", "get_columns_in_select_sql"]);
var ParseAdapter = class extends HostObject {
  #scope;
  constructor(scope) {
    super();
    this.#scope = scope;
  }
  getAttribute(name) {
    if (name === "dispatch") return this.#scope.macros.dispatch;
    if (name === "type") return hostFunction(() => this.#scope.macros.registry.adapterType);
    if (name === "quote") return hostFunction((args) => `"${String(args[0])}"`);
    if (name === "execute") return hostFunction(() => [null, null]);
    if (listMethods2.has(name)) return hostFunction(() => []);
    return hostFunction(() => name === "get_relation" ? null : new Undefined(`adapter.${name}() is not known while parsing`));
  }
  toString() {
    return "<adapter>";
  }
};
function distinct(items) {
  return [...new Map(items.map((item2) => [JSON.stringify(item2), item2])).values()];
}

// transform/project/properties.ts
var sections = {
  models: "models",
  seeds: "seeds",
  snapshots: "snapshots",
  analyses: "analyses",
  sources: "sources",
  macros: "macros",
  data_tests: "dataTests",
  tests: "dataTests",
  unit_tests: "unitTests",
  exposures: "exposures",
  groups: "groups"
};
var tolerated = /* @__PURE__ */ new Set(["version", "metrics", "semantic_models", "saved_queries", "functions", "anchors", "vars"]);
function readProperties(content, path, packageName) {
  const file = {
    path,
    packageName,
    models: [],
    seeds: [],
    snapshots: [],
    analyses: [],
    sources: [],
    macros: [],
    dataTests: [],
    unitTests: [],
    exposures: [],
    groups: []
  };
  for (const [key, value] of Object.entries(content)) {
    const section = sections[key];
    if (!section) {
      if (tolerated.has(key)) continue;
      throw new MillraceError("SQL_PROJECT_INVALID", `${path}: the key "${key}" is not known`, {
        hint: didYouMean(key, [...Object.keys(sections), ...tolerated]) || 'Keys for YAML anchors go under "anchors".'
      });
    }
    if (value === null) continue;
    if (!Array.isArray(value))
      throw new MillraceError("SQL_PROJECT_INVALID", `${path}: "${key}" must be a list; got ${describe2(value)}`);
    for (const entry of value) {
      const node = readNode(entry, `${path}: ${key}`, packageName, path);
      if (section === "sources") file.sources.push({ ...node, tables: readTables(node, path, packageName) });
      else file[section].push(node);
    }
  }
  return file;
}
function testEntries(entry, where) {
  if (entry["tests"] !== void 0 && entry["data_tests"] !== void 0)
    throw new MillraceError("SQL_PROJECT_INVALID", `${where} has both "tests" and "data_tests": keep one of them`);
  const tests2 = entry["data_tests"] ?? entry["tests"];
  if (tests2 === void 0 || tests2 === null) return [];
  if (!Array.isArray(tests2))
    throw new MillraceError("SQL_PROJECT_INVALID", `${where}: tests must be a list; got ${describe2(tests2)}`);
  return tests2.map((test) => {
    if (typeof test === "string" || isObject(test)) return test;
    throw new MillraceError("SQL_PROJECT_INVALID", `${where}: a test must be a name or an object; got ${describe2(test)}`);
  });
}
function readColumns(entry, where) {
  const columns = entry["columns"];
  if (columns === void 0 || columns === null) return [];
  if (!Array.isArray(columns))
    throw new MillraceError("SQL_PROJECT_INVALID", `${where}: "columns" must be a list; got ${describe2(columns)}`);
  return columns.filter(isObject).map((column) => {
    const name = column["name"];
    if (name === void 0 && ("include" in column || "exclude" in column)) return versionedColumns(column);
    if (typeof name !== "string" && typeof name !== "number")
      throw new MillraceError("SQL_PROJECT_INVALID", `${where}: a column has no name`);
    const config = isObject(column["config"]) ? column["config"] : {};
    return {
      name: String(name),
      description: text2(column["description"]),
      dataType: typeof column["data_type"] === "string" ? column["data_type"] : null,
      quote: typeof column["quote"] === "boolean" ? column["quote"] : null,
      meta: { ...object(column["meta"]), ...object(config["meta"]) },
      tags: [...list2(column["tags"]), ...list2(config["tags"])].map(String),
      constraints: list2(column["constraints"]).filter(isObject),
      tests: testEntries(column, `${where}: column "${name}"`),
      raw: column
    };
  });
}
function versionedColumns(column) {
  return { name: "", description: "", dataType: null, quote: null, meta: {}, tags: [], constraints: [], tests: [], raw: column };
}
function readNode(entry, where, packageName, path) {
  if (!isObject(entry)) throw new MillraceError("SQL_PROJECT_INVALID", `${where}: an entry must be an object; got ${describe2(entry)}`);
  const name = entry["name"];
  if (typeof name !== "string" && typeof name !== "number")
    throw new MillraceError("SQL_PROJECT_INVALID", `${where}: an entry has no "name" (it has ${Object.keys(entry).join(", ")})`);
  const here = `${where}: "${name}"`;
  return {
    name: String(name),
    path,
    packageName,
    description: text2(entry["description"]),
    config: topLevelConfig(entry),
    columns: readColumns(entry, here),
    tests: testEntries(entry, here),
    raw: entry
  };
}
function topLevelConfig(entry) {
  const config = {};
  for (const key of ["docs", "group", "access", "meta", "tags", "event_time", "freshness", "loaded_at_field", "loaded_at_query"])
    if (entry[key] !== void 0) config[key] = entry[key];
  const own = object(entry["config"]);
  return { ...config, ...own, ...config["meta"] && own["meta"] ? { meta: { ...object(config["meta"]), ...object(own["meta"]) } } : {} };
}
function readTables(source, path, packageName) {
  const tables = source.raw["tables"];
  if (tables === void 0 || tables === null) return [];
  if (!Array.isArray(tables))
    throw new MillraceError("SQL_PROJECT_INVALID", `${path}: "tables" of the source "${source.name}" must be a list`);
  return tables.map((table2) => readNode(table2, `${path}: source "${source.name}"`, packageName, path));
}
function text2(value) {
  return value === void 0 || value === null ? "" : String(value);
}
function object(value) {
  return isObject(value) ? value : {};
}
function list2(value) {
  if (value === void 0 || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

// transform/manifest/patch.ts
function applyProperties(world, node, properties) {
  if (node.resource_type === "model") {
    node.access = typeof node.config["access"] === "string" ? node.config["access"] : "protected";
    node.constraints = [];
    node.version ??= null;
    node.latest_version = null;
    node.deprecation_date = null;
    node.primary_key = [];
    node.time_spine = null;
  }
  if (!properties) return;
  const { raw } = properties;
  const entry = versionEntry(properties, node.version);
  node.patch_path = `${properties.packageName}://${properties.path}`;
  node.description = describe3(world, properties.packageName, typeof entry?.["description"] === "string" ? entry["description"] : properties.description, properties.path);
  node.columns = Object.fromEntries(columnsOf(properties, entry).map((column) => [column.name, manifestColumn(world, properties, column)]));
  if (node.resource_type !== "model") return;
  node.constraints = (Array.isArray(entry?.["constraints"]) ? entry["constraints"] : Array.isArray(raw["constraints"]) ? raw["constraints"] : []).filter(isObject);
  node.latest_version = node.version === null ? null : raw["latest_version"] ?? latestOf(raw["versions"]);
  if (typeof raw["deprecation_date"] === "string") node.deprecation_date = raw["deprecation_date"];
  if (node.contract.enforced) node.contract.checksum = contractChecksum(node);
}
function describe3(world, packageName, text4, path) {
  if (!hasTemplate(text4)) return text4;
  const doc = hostFunction((args) => {
    const [owner, name] = args.length === 2 ? [String(args[0]), String(args[1])] : [null, String(args[0])];
    const candidates = owner ? [owner] : [packageName, world.root.name, ...world.packages.map((each) => each.name)];
    const found2 = candidates.map((each) => world.manifest.docs.get(`doc.${each}.${name}`)).find(Boolean);
    if (found2) return found2.block_contents;
    throw new MillraceError("SQL_REFERENCE_UNKNOWN", `${path}: there is no docs block "${name}"`, {
      hint: didYouMean(name, [...world.manifest.docs.values()].map((each) => each.name))
    });
  });
  return compileTemplate(text4, { path }).renderSync({ doc });
}
function manifestColumn(world, properties, column) {
  return {
    name: column.name,
    description: describe3(world, properties.packageName, column.description, properties.path),
    meta: column.meta,
    data_type: column.dataType,
    constraints: column.constraints,
    quote: column.quote,
    config: { meta: column.meta, tags: column.tags },
    tags: column.tags
  };
}
function columnsOf(properties, entry) {
  if (!entry?.["columns"]) return properties.columns.filter((column) => column.name !== "");
  const own = readColumns(entry, properties.path);
  const filter = own.find((column) => column.name === "")?.raw;
  const excluded = Array.isArray(filter?.["exclude"]) ? filter["exclude"] : [];
  const included = filter?.["include"];
  const kept = filter ? properties.columns.filter((column) => !excluded.includes(column.name) && (!Array.isArray(included) || included.includes(column.name))) : [];
  const named = own.filter((column) => column.name !== "");
  return [...kept.filter((column) => !named.some((each) => each.name === column.name)), ...named];
}
function latestOf(versions) {
  if (!Array.isArray(versions)) return null;
  const all = versions.filter(isObject).map((entry) => entry["v"]);
  return all.sort((a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1).at(-1) ?? null;
}
function contractChecksum(node) {
  return md5(JSON.stringify(Object.values(node.columns).map((column) => [column.name, column.data_type, column.constraints])));
}

// transform/manifest/world.ts
function baseOf(world, packageName) {
  let base = world.bases.get(packageName);
  if (!base) {
    const owner = world.packages.find((each) => each.name === packageName) ?? world.root;
    base = baseContext({
      invocation: world.invocation,
      packageName,
      rootName: world.root.name,
      vars: varsOf(packageName, owner.file.vars, world.root.file.vars, world.cliVars),
      target: targetVariables(world.target)
    });
    world.bases.set(packageName, base);
  }
  return base;
}
function placeNode(world, node) {
  const custom = (key) => typeof node.config[key] === "string" && node.config[key] !== "" ? node.config[key] : null;
  node.database = generate(world, node, "generate_database_name", custom("database"), (name) => name ?? world.target.database);
  node.schema = generate(
    world,
    node,
    "generate_schema_name",
    custom("schema"),
    (name) => name === null ? world.target.schema : `${world.target.schema}_${name.trim()}`
  );
  node.alias = generate(world, node, "generate_alias_name", custom("alias"), (name) => {
    if (name !== null) return name.trim();
    return node.version === void 0 || node.version === null ? node.name : `${node.name}_v${String(node.version).replaceAll(".", "_")}`;
  });
  if (node.resource_type === "snapshot") {
    node.schema = custom("target_schema") ?? node.schema;
    node.database = custom("target_database") ?? node.database;
  }
}
function generate(world, node, name, custom, preset) {
  const entry = world.registry.findOverridable(name, node.package_name);
  const overridden = entry?.packageName !== internalPackage || isDispatched(world, name);
  if (!entry || !overridden) return preset(custom);
  const base = baseOf(world, node.package_name);
  const own = { model: node, execute: false };
  const scope = new NodeScope({ registry: world.registry, packageName: node.package_name, own, base });
  own["adapter"] = { dispatch: scope.macros.dispatch, type: hostFunction(() => world.registry.adapterType) };
  return str(invokeSync(scope.macros.bind(entry), [custom, node])).trim();
}
function isDispatched(world, name) {
  const names2 = [`${world.registry.adapterType}__${name}`, `default__${name}`];
  return names2.some((each) => world.registry.ofPackage(world.root.name)?.has(each));
}

// transform/manifest/read-nodes.ts
var treeOf = {
  model: "models",
  seed: "seeds",
  snapshot: "snapshots",
  test: "data_tests",
  analysis: "analyses",
  operation: "models"
};
function readNodes(world) {
  for (const pkg of world.packages) {
    for (const raw of [...readModels(world, pkg), ...readSnapshots(world, pkg), ...readSeedFiles(world, pkg), ...readSingularTests(world, pkg), ...readAnalyses(world, pkg), ...readHooks(pkg)])
      addNode(world, raw);
  }
}
function readModels(world, pkg) {
  const versions = versionsByFile(world, pkg);
  return readSources(pkg.dir, pkg.file.paths.models, [".sql"]).map((source) => {
    const stem = stemOf(source);
    const versioned = versions.get(stem);
    const properties = versioned?.properties ?? propertiesOf(world, pkg, "models", stem);
    const name = versioned ? versioned.name : stem;
    const fqn = [pkg.name, ...foldersOf(source), name, ...versioned ? [`v${String(versioned.version)}`] : []];
    return { ...fromFile("model", pkg, source, name), fqn, properties, ...versioned ? { version: versioned.version } : {} };
  });
}
function versionsByFile(world, pkg) {
  const found2 = /* @__PURE__ */ new Map();
  for (const file of world.properties)
    for (const model of file.packageName === pkg.name ? file.models : [])
      for (const entry of Array.isArray(model.raw["versions"]) ? model.raw["versions"].filter(isObject) : []) {
        const version = entry["v"];
        const stem = typeof entry["defined_in"] === "string" ? entry["defined_in"] : `${model.name}_v${String(version)}`;
        found2.set(stem, { name: model.name, version, properties: model });
        if (typeof entry["defined_in"] !== "string" && String(version) === String(model.raw["latest_version"] ?? "")) found2.set(model.name, { name: model.name, version, properties: model });
      }
  return found2;
}
function readSnapshots(world, pkg) {
  const blocks = readSources(pkg.dir, [...pkg.file.paths.snapshots, ...pkg.file.paths.models], [".sql"]).flatMap(
    (source) => source.text.includes("snapshot") ? splitBlocks(source.text, { path: source.path, allowed: ["snapshot"] }).map((block) => ({
      ...fromFile("snapshot", pkg, source, block.name),
      fqn: [pkg.name, ...foldersOf(source), stemOf(source), block.name],
      text: block.source,
      firstLine: block.bodyLine,
      checksum: { name: "sha256", checksum: sha256(block.source.trim()) },
      properties: propertiesOf(world, pkg, "snapshots", block.name)
    })) : []
  );
  const defined = world.properties.filter((file) => file.packageName === pkg.name).flatMap((file) => file.snapshots.filter((entry) => entry.raw["relation"] !== void 0)).map((entry) => {
    const text4 = `select * from {{ ${String(entry.raw["relation"])} }}`;
    const folders = entry.path.split("/").slice(1, -1);
    return {
      resourceType: "snapshot",
      name: entry.name,
      pkg,
      path: entry.path.split("/").slice(1).join("/"),
      originalFilePath: entry.path,
      fqn: [pkg.name, ...folders, entry.name],
      text: text4,
      checksum: { name: "sha256", checksum: sha256(text4) },
      properties: entry
    };
  });
  return [...blocks, ...defined];
}
function readSingularTests(world, pkg) {
  return readSources(pkg.dir, pkg.file.paths.tests, [".sql"]).filter((source) => !source.relativePath.startsWith("generic/")).map((source) => ({ ...fromFile("test", pkg, source, stemOf(source)), properties: propertiesOf(world, pkg, "dataTests", stemOf(source)) }));
}
function readAnalyses(world, pkg) {
  return readSources(pkg.dir, pkg.file.paths.analyses, [".sql"]).map((source) => ({
    ...fromFile("analysis", pkg, source, stemOf(source)),
    fqn: [pkg.name, "analysis", ...foldersOf(source), stemOf(source)],
    path: `analysis/${source.relativePath}`,
    properties: propertiesOf(world, pkg, "analyses", stemOf(source))
  }));
}
function readHooks(pkg) {
  const kinds = [["on-run-start", pkg.file.onRunStart], ["on-run-end", pkg.file.onRunEnd]];
  return kinds.flatMap(
    ([kind, texts]) => texts.map((text4, index2) => {
      const name = `${pkg.name}-${kind}-${index2}`;
      return {
        resourceType: "operation",
        name,
        pkg,
        path: `hooks/${name}.sql`,
        originalFilePath: "./dbt_project.yml",
        fqn: [pkg.name, "hooks", name],
        text: text4,
        checksum: { name: "sha256", checksum: sha256(text4) },
        properties: void 0
      };
    })
  );
}
function addNode(world, raw) {
  const { pkg } = raw;
  const capture = captureOf(world, raw);
  const config = configOf(world, raw, capture.config);
  checkConfig(config, raw.originalFilePath);
  const node = {
    unique_id: uniqueIdOf(raw),
    resource_type: raw.resourceType,
    name: raw.name,
    package_name: pkg.name,
    path: raw.path,
    original_file_path: raw.originalFilePath,
    fqn: raw.fqn,
    alias: raw.name,
    database: null,
    schema: "",
    relation_name: null,
    checksum: raw.checksum,
    raw_code: raw.resourceType === "seed" ? "" : raw.text,
    language: "sql",
    config,
    unrendered_config: capture.config,
    tags: config["tags"],
    description: "",
    columns: {},
    meta: isObject(config["meta"]) ? config["meta"] : {},
    group: typeof config["group"] === "string" ? config["group"] : null,
    docs: isObject(config["docs"]) ? config["docs"] : { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    created_at: world.createdAt,
    depends_on: { macros: capture.macros, nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    compiled_path: null,
    contract: { enforced: isObject(config["contract"]) && config["contract"]["enforced"] === true, alias_types: true, checksum: null },
    ...raw.resourceType === "seed" ? { root_path: pkg.dir } : {},
    ...raw.version === void 0 ? {} : { version: raw.version },
    ...raw.resourceType === "operation" ? { index: Number(raw.name.split("-").at(-1)) } : {}
  };
  applyProperties(world, node, raw.properties);
  placeNode(world, node);
  node.relation_name = relationName(world, pkg, node);
  register(world, node);
}
function configOf(world, raw, inline) {
  const tree = treeOf[raw.resourceType] ?? "models";
  let config = configDefaults[raw.resourceType] ?? {};
  config = mergeConfig(config, configFromTree(raw.pkg.file.configTrees[tree] ?? {}, raw.fqn));
  config = mergeConfig(config, raw.properties?.config ?? {});
  const entry = versionEntry(raw.properties, raw.version);
  if (isObject(entry?.["config"])) config = mergeConfig(config, entry["config"]);
  config = mergeConfig(config, inline);
  if (raw.pkg !== world.root) config = mergeConfig(config, configFromTree(world.root.file.configTrees[tree] ?? {}, raw.fqn));
  return config;
}
function versionEntry(properties, version) {
  if (version === void 0 || !Array.isArray(properties?.raw["versions"])) return void 0;
  return properties.raw["versions"].filter(isObject).find((entry) => String(entry["v"]) === String(version));
}
function relationName(world, pkg, node) {
  const kept = node.resource_type === "test" ? node.config["store_failures"] === true || node.config["store_failures_as"] !== null : ["model", "seed", "snapshot"].includes(node.resource_type);
  if (!kept || node.config["materialized"] === "ephemeral") return null;
  return relationOf(world, pkg, node).render();
}
function relationOf(world, pkg, node) {
  const quoting = isObject(node.config["quoting"]) ? node.config["quoting"] : {};
  const policy2 = { database: true, schema: true, identifier: true, ...world.root.file.quoting, ...pkg === world.root ? {} : pkg.file.quoting, ...quoting };
  return new Relation({ database: node.database, schema: node.schema, identifier: node.alias, quotePolicy: policy2 });
}
function register(world, node) {
  const { nodes, disabled } = world.manifest;
  if (node.config["enabled"] === false) {
    disabled.set(node.unique_id, [...disabled.get(node.unique_id) ?? [], node]);
    return;
  }
  const other = nodes.get(node.unique_id);
  if (other)
    throw new MillraceError("SQL_PROJECT_INVALID", `two ${node.resource_type}s are called "${node.name}": ${other.original_file_path} and ${node.original_file_path}`, {
      hint: "Rename one of them, or disable it."
    });
  nodes.set(node.unique_id, node);
}
function captureOf(world, raw) {
  if (raw.resourceType === "seed") return { refs: [], sources: [], config: {}, macros: [] };
  if (!/[{][{%]/.test(raw.text)) return { refs: [], sources: [], config: {}, macros: [] };
  return world.captures.capture(
    `${raw.pkg.name}:${raw.checksum.checksum}`,
    () => captureTemplate(raw.text, {
      path: raw.originalFilePath,
      ...raw.firstLine === void 0 ? {} : { firstLine: raw.firstLine },
      registry: world.registry,
      packageName: raw.pkg.name,
      base: baseOf(world, raw.pkg.name),
      own: { model: { name: raw.name, resource_type: raw.resourceType, package_name: raw.pkg.name, fqn: raw.fqn, path: raw.path } }
    })
  );
}
function propertiesOf(world, pkg, section, name) {
  const found2 = world.propertyIndex.get(`${pkg.name}:${section}:${name}`) ?? [];
  if (found2.length > 1)
    throw new MillraceError("SQL_PROJECT_INVALID", `"${name}" is described twice under ${section}: in ${found2.map((entry) => entry.path).join(" and ")}`);
  return found2[0];
}
function fromFile(resourceType, pkg, source, name) {
  return {
    resourceType,
    name,
    pkg,
    path: source.relativePath,
    originalFilePath: source.path,
    fqn: [pkg.name, ...foldersOf(source), name],
    text: source.text.trim(),
    firstLine: (/^\s*/.exec(source.text)?.[0] ?? "").split("\n").length,
    checksum: { name: "sha256", checksum: source.checksum },
    properties: void 0
  };
}
function uniqueIdOf(raw) {
  const base = `${raw.resourceType}.${raw.pkg.name}.${raw.name}`;
  return raw.version === void 0 || raw.version === null ? base : `${base}.v${String(raw.version)}`;
}
function stemOf(source) {
  return (source.relativePath.split("/").at(-1) ?? "").replace(/\.[^.]*$/, "");
}
function foldersOf(source) {
  return source.relativePath.split("/").slice(0, -1);
}

// transform/manifest/read-others.ts
import { existsSync as existsSync5, readFileSync as readFileSync6 } from "node:fs";
import { join as join7 } from "node:path";
function readOthers(world) {
  for (const file of world.properties) {
    const pkg = world.packages.find((each) => each.name === file.packageName);
    for (const entry of file.groups) addGroup(world, pkg, entry);
    for (const entry of file.exposures) addExposure(world, pkg, entry);
    for (const entry of file.unitTests) addUnitTest(world, pkg, entry);
  }
  readSelectors(world);
}
function addGroup(world, pkg, entry) {
  const uniqueId = `group.${pkg.name}.${entry.name}`;
  world.manifest.groups.set(uniqueId, {
    unique_id: uniqueId,
    resource_type: "group",
    name: entry.name,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    owner: object2(entry.raw["owner"]),
    description: entry.description || null,
    config: { meta: object2(entry.config["meta"]) }
  });
}
function addExposure(world, pkg, entry) {
  const uniqueId = `exposure.${pkg.name}.${entry.name}`;
  const fqn = [pkg.name, ...entry.path.split("/").slice(1, -1), entry.name];
  const config = mergeConfig(mergeConfig(configDefaults["exposure"] ?? {}, configFromTree(pkg.file.configTrees["exposures"] ?? {}, fqn)), entry.config);
  const dependsOn = Array.isArray(entry.raw["depends_on"]) ? entry.raw["depends_on"].map(String) : [];
  const text4 = dependsOn.map((each) => `{{ ${each} }}`).join("\n");
  const capture = world.captures.capture(
    sha256(`exposure:${pkg.name}:${text4}`),
    () => captureTemplate(text4, { path: entry.path, registry: world.registry, packageName: pkg.name, base: baseOf(world, pkg.name) })
  );
  const exposure = {
    unique_id: uniqueId,
    resource_type: "exposure",
    name: entry.name,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    fqn,
    type: String(entry.raw["type"] ?? "dashboard"),
    owner: object2(entry.raw["owner"]),
    description: describe3(world, pkg.name, entry.description, entry.path),
    label: textOrNull(entry.raw["label"]),
    maturity: textOrNull(entry.raw["maturity"]),
    url: textOrNull(entry.raw["url"]),
    meta: object2(config["meta"]),
    tags: config["tags"],
    config,
    unrendered_config: {},
    depends_on: { macros: [], nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    created_at: world.createdAt
  };
  if (config["enabled"] === false) world.manifest.disabled.set(uniqueId, [exposure]);
  else world.manifest.exposures.set(uniqueId, exposure);
}
function addUnitTest(world, pkg, entry) {
  const model = String(entry.raw["model"] ?? "");
  const fqn = [pkg.name, ...entry.path.split("/").slice(1, -1), model, entry.name];
  const config = mergeConfig(mergeConfig(configDefaults["unit_test"] ?? {}, configFromTree(pkg.file.configTrees["unit_tests"] ?? {}, fqn)), entry.config);
  if (config["enabled"] === false) return;
  const uniqueId = `unit_test.${pkg.name}.${model}.${entry.name}`;
  world.manifest.unitTests.set(uniqueId, {
    unique_id: uniqueId,
    resource_type: "unit_test",
    name: entry.name,
    model,
    package_name: pkg.name,
    path: relative(entry.path),
    original_file_path: entry.path,
    fqn,
    given: (Array.isArray(entry.raw["given"]) ? entry.raw["given"] : []).filter(isObject),
    expect: object2(entry.raw["expect"]),
    description: entry.description,
    overrides: isObject(entry.raw["overrides"]) ? entry.raw["overrides"] : null,
    versions: entry.raw["versions"] ?? null,
    version: null,
    config,
    depends_on: { macros: [], nodes: [] },
    schema: "",
    checksum: sha256(JSON.stringify(entry.raw)),
    created_at: world.createdAt
  });
}
function readSelectors(world) {
  const path = join7(world.root.dir, "selectors.yml");
  if (!existsSync5(path)) return;
  const content = renderYaml(readYamlObject(readFileSync6(path, "utf8"), path), baseOf(world, world.root.name), path);
  for (const entry of Array.isArray(content["selectors"]) ? content["selectors"].filter(isObject) : [])
    world.manifest.selectors.set(String(entry["name"]), entry);
}
function relative(path) {
  return path.split("/").slice(1).join("/");
}
function object2(value) {
  return isObject(value) ? value : {};
}
function textOrNull(value) {
  return typeof value === "string" ? value : null;
}

// transform/manifest/read-properties.ts
var keptKeys2 = /* @__PURE__ */ new Set(["description", "tests", "data_tests", "loaded_at_query", "relation", "pre_hook", "post_hook", "pre-hook", "post-hook", "given", "expect", "overrides"]);
function readAllProperties(world) {
  for (const pkg of world.packages) {
    const { paths } = pkg.file;
    const folders = [...paths.models, ...paths.seeds, ...paths.snapshots, ...paths.analyses, ...paths.macros, ...paths.tests];
    const context = baseOf(world, pkg.name);
    for (const source of readSources(pkg.dir, [...new Set(folders)], [".yml", ".yaml"])) {
      const content = world.captures.yaml(source.checksum, () => readYamlObject(source.text, source.path));
      const rendered = hasTemplate(source.text) ? renderYaml(content, context, source.path, (keys) => isKept(keys)) : content;
      world.properties.push(readProperties(rendered, source.path, pkg.name));
    }
  }
  for (const file of world.properties) index(world, file);
}
var sections2 = ["models", "seeds", "snapshots", "analyses", "dataTests", "macros"];
function index(world, file) {
  for (const section of sections2)
    for (const entry of file[section]) {
      const key = `${file.packageName}:${section}:${entry.name}`;
      world.propertyIndex.set(key, [...world.propertyIndex.get(key) ?? [], entry]);
    }
}
function isKept(keys) {
  return keys.length > 1 && keptKeys2.has(keys.at(-1) ?? "");
}
function readDocs(world) {
  for (const pkg of world.packages) {
    const { paths } = pkg.file;
    const folders = paths.docs.length > 0 ? paths.docs : [...paths.models, ...paths.seeds, ...paths.snapshots, ...paths.analyses, ...paths.macros, ...paths.tests];
    for (const source of readSources(pkg.dir, [...new Set(folders)], [".md"])) {
      if (!source.text.includes("docs")) continue;
      for (const block of splitBlocks(source.text, { path: source.path, allowed: ["docs"] })) {
        const uniqueId = `doc.${pkg.name}.${block.name}`;
        if (world.manifest.docs.has(uniqueId)) throw new MillraceError("SQL_PROJECT_INVALID", `two docs blocks are called "${block.name}"; the second is in ${source.path}:${block.line}`);
        world.manifest.docs.set(uniqueId, {
          unique_id: uniqueId,
          resource_type: "doc",
          name: block.name,
          package_name: pkg.name,
          path: source.relativePath,
          original_file_path: source.path,
          block_contents: block.source.trim()
        });
      }
    }
  }
}
function warnOfUnusedProperties(world) {
  const names2 = /* @__PURE__ */ new Set();
  for (const node of [...world.manifest.nodes.values(), ...[...world.manifest.disabled.values()].flat()]) names2.add(`${node.package_name}:${node.resource_type}:${node.name}`);
  const types = [["models", "model"], ["seeds", "seed"], ["snapshots", "snapshot"], ["analyses", "analysis"]];
  for (const file of world.properties)
    for (const [section, type] of types)
      for (const entry of file[section])
        if (!names2.has(`${file.packageName}:${type}:${entry.name}`)) world.warnings.push(`${file.path} describes the ${type} "${entry.name}", which does not exist`);
}

// transform/manifest/read-sources.ts
function readAllSources(world) {
  const tables = [];
  for (const file of world.properties) {
    const pkg = world.packages.find((each) => each.name === file.packageName);
    for (const source of file.sources)
      for (const table2 of source.tables) tables.push({ source: makeSource(world, pkg, source, table2), pkg, properties: table2 });
  }
  for (const { source } of tables) {
    const { sources, disabled } = world.manifest;
    if (source.config["enabled"] === false) disabled.set(source.unique_id, [source]);
    else if (sources.has(source.unique_id))
      throw new MillraceError("SQL_PROJECT_INVALID", `the source ${source.source_name}.${source.name} is defined twice; the second time in ${source.original_file_path}`);
    else sources.set(source.unique_id, source);
  }
  return tables.filter(({ source }) => source.config["enabled"] !== false);
}
function makeSource(world, pkg, source, table2) {
  const text4 = (...values2) => values2.find((value) => typeof value === "string") ?? null;
  const folders = source.path.split("/").slice(1, -1);
  const fqn = [pkg.name, ...folders, source.name, table2.name];
  const config = sourceConfig(world, pkg, fqn, source, table2);
  const identifier = text4(table2.raw["identifier"]) ?? table2.name;
  const schema = text4(source.raw["schema"]) ?? source.name;
  const database = text4(source.raw["database"], source.raw["catalog"]) ?? world.target.database;
  const quoting = { ...world.root.file.quoting, ...object3(source.raw["quoting"]), ...object3(table2.raw["quoting"]) };
  const relation = new Relation({ database, schema, identifier, quotePolicy: { database: true, schema: true, identifier: true, ...quoting } });
  return {
    unique_id: `source.${pkg.name}.${source.name}.${table2.name}`,
    resource_type: "source",
    name: table2.name,
    source_name: source.name,
    package_name: pkg.name,
    path: source.path,
    original_file_path: source.path,
    fqn,
    database,
    schema,
    identifier,
    relation_name: relation.render(),
    source_description: describe3(world, pkg.name, source.description, source.path),
    source_meta: object3(source.raw["meta"]),
    loader: text4(source.raw["loader"]) ?? "",
    loaded_at_field: text4(config["loaded_at_field"]),
    loaded_at_query: text4(config["loaded_at_query"]),
    freshness: isObject(config["freshness"]) ? config["freshness"] : null,
    external: table2.raw["external"] ?? null,
    quoting,
    description: describe3(world, pkg.name, table2.description, source.path),
    columns: Object.fromEntries(table2.columns.map((column) => [column.name, manifestColumn(world, table2, column)])),
    meta: object3(config["meta"]),
    tags: config["tags"],
    config,
    unrendered_config: {},
    patch_path: null,
    created_at: world.createdAt,
    doc_blocks: []
  };
}
function sourceConfig(world, pkg, fqn, source, table2) {
  let config = mergeConfig(configDefaults["source"] ?? {}, configFromTree(pkg.file.configTrees["sources"] ?? {}, fqn));
  config = mergeConfig(config, source.config);
  const { freshness, ...own } = table2.config;
  config = mergeConfig(config, own);
  if (freshness !== void 0) config["freshness"] = isObject(freshness) ? { ...object3(config["freshness"]), ...freshness } : null;
  if (pkg !== world.root) config = mergeConfig(config, configFromTree(world.root.file.configTrees["sources"] ?? {}, fqn));
  return config;
}
function object3(value) {
  return isObject(value) ? value : {};
}

// transform/manifest/generic-tests.ts
var configKeys = ["severity", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc", "store_failures", "store_failures_as", "meta", "database", "schema", "alias", "tags"];
function readGenericTest(entry, target, where) {
  const { macro, body } = splitEntry(entry, where);
  const [namespace2, testName] = macro.includes(".") ? macro.split(".", 2) : [null, macro];
  const { arguments: nested, config: nestedConfig, name: customName, description, ...inline } = body;
  const config = { ...isObject(nestedConfig) ? nestedConfig : {} };
  for (const key of configKeys) {
    if (inline[key] === void 0) continue;
    if (config[key] !== void 0)
      throw new MillraceError("SQL_PROJECT_INVALID", `${where}: the test ${macro} has "${key}" both at its top and under config`);
    config[key] = inline[key];
    delete inline[key];
  }
  const written = { ...inline, ...isObject(nested) ? nested : {} };
  if (target.columnName !== null) written["column_name"] = target.columnName;
  const names2 = testNames(target.kind, namespace2, testName, target.name, written);
  const kwargs = { ...written, model: `{{ get_where_subquery(${target.reference}) }}` };
  const name = typeof customName === "string" ? customName : names2.full;
  const shortName = typeof customName === "string" ? customName : names2.short;
  if (shortName !== name && config["alias"] === void 0) config["alias"] = shortName;
  const prefix = namespace2 === null ? "" : `${namespace2}.`;
  return {
    namespace: namespace2,
    testName,
    kwargs,
    config,
    description: typeof description === "string" ? description : "",
    name,
    shortName,
    hash: md5(name + pythonRepr({ namespace: namespace2 ?? "None", name: testName, kwargs })).slice(-10),
    rawCode: `{{ ${prefix}test_${testName}(**_dbt_generic_test_kwargs) }}`
  };
}
function testNames(kind, namespace2, testName, targetName, args) {
  const type = `${namespace2 === null ? "" : `${namespace2}_`}${kind === "source" ? "source_" : ""}${testName}`;
  const parts2 = Object.keys(args).sort().flatMap((key) => {
    const value = args[key];
    if (Array.isArray(value)) return value;
    return isObject(value) ? Object.values(value) : [value];
  });
  const identifier = `${type}_${targetName}`;
  const full = `${identifier}_${parts2.map((part) => pythonText(part).replace(/[^0-9a-zA-Z_]+/g, "_")).join("__")}`;
  return { full, short: full.length >= 64 ? `${identifier.slice(0, 30)}_${md5(full)}` : full };
}
function splitEntry(entry, where) {
  if (typeof entry === "string") return { macro: entry, body: {} };
  if (typeof entry["test_name"] === "string") {
    const { test_name: macro2, ...body } = entry;
    return { macro: macro2, body };
  }
  const keys = Object.keys(entry);
  const [macro] = keys.length === 1 ? keys : keys.filter((key) => key !== "name" && key !== "config" && key !== "description" && !configKeys.includes(key));
  if (macro === void 0) throw new MillraceError("SQL_PROJECT_INVALID", `${where}: a test has no name (it has ${keys.join(", ")})`);
  const { [macro]: own, ...beside } = entry;
  if (own !== null && !isObject(own)) throw new MillraceError("SQL_PROJECT_INVALID", `${where}: the arguments of the test ${macro} must be an object`);
  return { macro, body: { ...own ?? {}, ...beside } };
}
function pythonRepr(value) {
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  if (isObject(value))
    return `{${Object.keys(value).sort().map((key) => `${quote2(key)}: ${pythonRepr(value[key])}`).join(", ")}}`;
  return quote2(pythonText(value));
}
function quote2(text4) {
  const escaped2 = text4.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("	", "\\t").replaceAll("\r", "\\r");
  return escaped2.includes("'") && !escaped2.includes('"') ? `"${escaped2}"` : `'${escaped2.replaceAll("'", "\\'")}'`;
}
function pythonText(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value) || isObject(value)) return pythonNested(value);
  return String(value);
}
function pythonNested(value) {
  if (Array.isArray(value)) return `[${value.map(pythonNested).join(", ")}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([key, each]) => `${quote2(key)}: ${pythonNested(each)}`).join(", ")}}`;
  return typeof value === "string" ? quote2(value) : pythonText(value);
}

// transform/manifest/read-tests.ts
function readGenericTests(world, sources) {
  const described = /* @__PURE__ */ new Map();
  for (const node of world.manifest.nodes.values()) {
    if (!node.patch_path) continue;
    const key = `${node.patch_path}:${node.resource_type}:${node.name}`;
    described.set(key, [...described.get(key) ?? [], node]);
  }
  const sections3 = [["models", "model"], ["seeds", "seed"], ["snapshots", "snapshot"]];
  for (const file of world.properties)
    for (const [section, type] of sections3)
      for (const properties of file[section])
        for (const node of described.get(`${properties.packageName}://${properties.path}:${type}:${properties.name}`) ?? []) addNodeTests(world, node, properties, section);
  for (const { source, pkg, properties } of sources) {
    const reference = `source('${source.source_name}', '${source.name}')`;
    const target = { kind: "source", name: `${source.source_name}_${source.name}`, reference, uniqueId: source.unique_id, fileKey: `sources.${source.source_name}`, refs: [], sources: [[source.source_name, source.name]] };
    addTests(world, pkg, properties, target, properties.tests, properties.columns);
  }
}
function addNodeTests(world, node, properties, section) {
  const pkg = world.packages.find((each) => each.name === node.package_name);
  const version = node.version ?? null;
  const entry = version === null || !Array.isArray(properties.raw["versions"]) ? void 0 : properties.raw["versions"].filter(isObject).find((each) => String(each["v"]) === String(version));
  const target = {
    kind: "node",
    name: version === null ? node.name : `${node.name}_v${String(version)}`,
    reference: version === null ? `ref('${node.name}')` : `ref('${node.name}', version=${typeof version === "number" ? version : `'${String(version)}'`})`,
    uniqueId: node.unique_id,
    fileKey: `${section}.${node.name}`,
    refs: [{ name: node.name, package: null, version }],
    sources: []
  };
  const own = entry?.["data_tests"] ?? entry?.["tests"];
  const columns = properties.columns.filter((column) => column.name in node.columns);
  addTests(world, pkg, properties, target, Array.isArray(own) ? own : properties.tests, columns);
}
function addTests(world, pkg, properties, target, tests2, columns) {
  const where = `${properties.path}: ${properties.name}`;
  for (const entry of tests2) addTest(world, pkg, properties, target, readGenericTest(entry, { ...target, columnName: null, columnTags: [] }, where), null);
  for (const column of columns)
    for (const entry of column.tests) {
      const columnName = column.quote ? `"${column.name}"` : column.name;
      addTest(world, pkg, properties, target, readGenericTest(entry, { ...target, columnName, columnTags: column.tags }, `${where}.${column.name}`), column);
    }
}
function addTest(world, pkg, properties, target, test, column) {
  const capture = captureTest(world, pkg, properties, target, test);
  const fqn = [pkg.name, ...properties.path.split("/").slice(1, -1), test.name];
  let config = mergeConfig(configDefaults["test"] ?? {}, configFromTree(pkg.file.configTrees["data_tests"] ?? {}, fqn));
  config = mergeConfig(mergeConfig(config, capture.config), test.config);
  config = mergeConfig(config, { tags: column?.tags ?? [] });
  if (pkg !== world.root) config = mergeConfig(config, configFromTree(world.root.file.configTrees["data_tests"] ?? {}, fqn));
  if (typeof config["severity"] === "string") config["severity"] = config["severity"].toUpperCase() === "WARN" ? "WARN" : "ERROR";
  const node = {
    unique_id: `test.${pkg.name}.${test.name}.${test.hash}`,
    resource_type: "test",
    name: test.name,
    package_name: pkg.name,
    path: `${test.shortName}.sql`,
    original_file_path: properties.path,
    fqn,
    alias: test.shortName,
    database: null,
    schema: "",
    relation_name: null,
    checksum: { name: "none", checksum: "" },
    raw_code: test.rawCode,
    language: "sql",
    config,
    unrendered_config: test.config,
    tags: config["tags"],
    description: test.description,
    columns: {},
    meta: isObject(config["meta"]) ? config["meta"] : {},
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    created_at: world.createdAt,
    depends_on: { macros: capture.macros, nodes: [] },
    refs: capture.refs,
    sources: capture.sources,
    metrics: [],
    compiled_path: null,
    contract: { enforced: false, alias_types: true, checksum: null },
    test_metadata: { name: test.testName, kwargs: test.kwargs, namespace: test.namespace },
    column_name: column?.name ?? null,
    attached_node: target.kind === "node" ? target.uniqueId : null,
    file_key_name: target.fileKey
  };
  placeNode(world, node);
  node.relation_name = relationName(world, pkg, node);
  if (!world.manifest.nodes.has(node.unique_id)) register(world, node);
}
function captureTest(world, pkg, properties, target, test) {
  const name = `test_${test.testName}`;
  const entry = test.namespace === null ? world.registry.find(name, pkg.name) : world.registry.ofPackage(test.namespace)?.get(name);
  if (!entry) throw unknownTest(world, properties, test);
  const others = Object.entries(test.kwargs).filter(([key2]) => key2 !== "model" && key2 !== "column_name");
  const plain2 = others.every(([, value]) => !mayRefer(value));
  if (entry.packageName === internalPackage && plain2)
    return { refs: target.refs, sources: target.sources, config: {}, macros: [entry.uniqueId, "macro.dbt.get_where_subquery"] };
  const key = sha256(JSON.stringify([pkg.name, test.rawCode, test.kwargs, target.reference]));
  return world.captures.capture(
    key,
    () => captureTemplate(test.rawCode, {
      path: properties.path,
      registry: world.registry,
      packageName: pkg.name,
      base: baseOf(world, pkg.name),
      prepare: (scope, own) => {
        own["_dbt_generic_test_kwargs"] = renderKwargs(test.kwargs, scope, properties.path, true);
      }
    })
  );
}
function renderKwargs(kwargs, scope, path, lenient) {
  const render = (value, key) => {
    if (Array.isArray(value)) return value.map((item2) => render(item2, ""));
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item2]) => [name, render(item2, "")]));
    if (typeof value !== "string") return fromHost(value);
    const text4 = key !== "column_name" && looksLikeCall.test(value) ? `{{ ${value} }}` : value;
    if (!hasTemplate(text4)) return text4;
    const template = compileTemplate(text4, { path });
    return key === "column_name" ? template.renderSync(scope, { lenient }) : template.renderNative(scope, { lenient });
  };
  return Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, render(value, key)]));
}
var looksLikeCall = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;
function mayRefer(value) {
  if (Array.isArray(value)) return value.some(mayRefer);
  if (isObject(value)) return Object.values(value).some(mayRefer);
  return typeof value === "string" && (looksLikeCall.test(value) || hasTemplate(value));
}
function unknownTest(world, properties, test) {
  const known = world.registry.all.filter((entry) => entry.name.startsWith("test_")).map((entry) => `${entry.packageName === internalPackage || entry.packageName === properties.packageName ? "" : `${entry.packageName}.`}${entry.name.slice("test_".length)}`);
  const wrong = `${test.namespace === null ? "" : `${test.namespace}.`}${test.testName}`;
  const missing3 = test.namespace !== null && !world.registry.ofPackage(test.namespace) ? `There is no package "${test.namespace}": run \`millrace sql deps\`.` : "";
  return new MillraceError("SQL_REFERENCE_UNKNOWN", `${properties.path}: ${properties.name} has a test "${wrong}", which does not exist`, {
    hint: missing3 || didYouMean(wrong, known) || `Tests: ${known.join(", ")}.`
  });
}

// transform/manifest/select-methods.ts
function matchesMethod(world, subject2, call2) {
  const matcher = methods[call2.method];
  if (!matcher)
    throw new MillraceError("SQL_SELECTION_INVALID", `"${call2.method}" is not a method of selection`, {
      hint: didYouMean(call2.method, Object.keys(methods)) || `Methods: ${Object.keys(methods).join(", ")}.`
    });
  return matcher(world, subject2, call2);
}
var methods = {
  fqn: (_world, subject2, { value }) => matchesFqn(subject2, value),
  tag: (_world, subject2, { value }) => subject2.tags.some((tag) => glob(value, tag)),
  group: (_world, subject2, { value }) => subject2.group === value,
  access: (_world, subject2, { value }) => subject2.resourceType === "model" && subject2.access === value,
  source: (_world, subject2, { value }) => subject2.resourceType === "source" && matchesSource(subject2, value),
  path: (_world, subject2, { value }) => matchesPath(subject2.path, value),
  file: (_world, subject2, { value }) => {
    const file = subject2.path.split("/").at(-1) ?? "";
    return glob(value, file) || glob(value, file.replace(/\.[^.]*$/, ""));
  },
  package: (world, subject2, { value }) => glob(value === "this" ? world.projectName : value, subject2.packageName),
  config: (_world, subject2, call2) => matchesConfig(subject2.config, call2.arguments, call2.value),
  test_name: (_world, subject2, { value }) => subject2.testName !== void 0 && glob(value, subject2.testName),
  test_type: (_world, subject2, { value }) => matchesTestType(subject2, value),
  resource_type: (_world, subject2, { value }) => subject2.resourceType === value,
  exposure: (_world, subject2, { value }) => subject2.resourceType === "exposure" && matchesDotted(subject2, value),
  unit_test: (_world, subject2, { value }) => subject2.resourceType === "unit_test" && matchesDotted(subject2, value),
  metric: () => false,
  semantic_model: () => false,
  saved_query: () => false,
  version: (_world, subject2, { value }) => matchesVersion(subject2, value),
  state: (world, subject2, call2) => {
    if (!world.stateMatches) throw missing2("state", "Name the folder of the earlier artifacts with --state.");
    return world.stateMatches(subject2, call2.value, call2.arguments);
  },
  result: (world, subject2, { value }) => {
    if (!world.previousStatuses) throw missing2("result", "Name the folder of the earlier run_results.json with --state.");
    return world.previousStatuses.get(subject2.uniqueId) === value;
  },
  source_status: (world, subject2, { value }) => {
    if (!world.fresherSources) throw missing2("source_status", "Name the folder of the earlier sources.json with --state.");
    return value === "fresher" && world.fresherSources.has(subject2.uniqueId);
  }
};
function missing2(method, hint) {
  return new MillraceError("SQL_SELECTION_INVALID", `the method "${method}" needs an earlier state to compare with`, { hint });
}
function matchesFqn(subject2, value) {
  const { fqn } = subject2;
  const leaf = fqn.at(-1) ?? "";
  if (value === leaf || glob(value, leaf)) return true;
  if (subject2.version !== void 0 && subject2.version !== null) {
    const name = fqn.at(-2) ?? "";
    if (value === name || value === `${name}.${leaf}` || value === `${name}_${leaf}` || value.endsWith(`.${name}`)) return true;
  }
  return matchesParts(fqn, value) || matchesParts(fqn.slice(1), value);
}
function matchesParts(parts2, value) {
  const wanted = value.split(".");
  if (wanted.length > parts2.length) return false;
  return wanted.every((pattern, index2) => glob(pattern, parts2[index2]));
}
function matchesSource(subject2, value) {
  const parts2 = value.split(".");
  const own = [subject2.packageName, subject2.sourceName ?? "", subject2.name];
  if (parts2.length === 1) return glob(parts2[0], own[1]);
  if (parts2.length === 2) return glob(parts2[0], own[1]) && glob(parts2[1], own[2]);
  return parts2.length === 3 && parts2.every((pattern, index2) => glob(pattern, own[index2]));
}
function matchesDotted(subject2, value) {
  const parts2 = value.split(".");
  return parts2.length === 1 ? glob(value, subject2.name) : glob(parts2[0], subject2.packageName) && glob(parts2.slice(1).join("."), subject2.name);
}
function matchesPath(path, value) {
  const wanted = value.replaceAll("\\", "/").replace(/^\.\//, "").replace(/\/$/, "");
  return path === wanted || path.startsWith(`${wanted}/`) || pathGlob(wanted, path);
}
function pathGlob(pattern, path) {
  if (!/[*?[]/.test(pattern)) return false;
  const source = pattern.split(/(\*\*\/?|\*|\?)/).map((part) => {
    if (part.startsWith("**")) return "(?:.*/)?";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : escape(part);
  }).join("");
  return new RegExp(`^${source.replace(/\(\?:\.\*\/\)\?$/, ".*")}(?:/.*)?$`).test(path);
}
function matchesConfig(config, path, wanted) {
  let value = config;
  for (const key of path) value = isObject(value) ? value[key] : void 0;
  const same = (each) => each === wanted || String(each).toLowerCase() === wanted.toLowerCase() || typeof each === "string" && glob(wanted, each);
  if (Array.isArray(value)) return value.some(same);
  if (isObject(value)) return wanted in value;
  return value !== void 0 && value !== null && same(value);
}
function matchesTestType(subject2, value) {
  if (value === "unit") return subject2.resourceType === "unit_test";
  if (subject2.resourceType !== "test") return false;
  if (value === "data") return true;
  if (value === "generic" || value === "schema") return subject2.isGenericTest === true;
  if (value === "singular") return subject2.isGenericTest === false;
  throw new MillraceError("SQL_SELECTION_INVALID", `"${value}" is not a type of test`, { hint: "Types: generic, singular, data, unit." });
}
function matchesVersion(subject2, value) {
  const { version, latestVersion } = subject2;
  if (subject2.resourceType !== "model") return false;
  if (value === "none") return version === void 0 || version === null;
  if (version === void 0 || version === null) return false;
  const order = compareVersions(version, latestVersion ?? version);
  if (value === "latest") return order === 0;
  if (value === "prerelease") return order > 0;
  if (value === "old") return order < 0;
  throw new MillraceError("SQL_SELECTION_INVALID", `"${value}" is not a kind of version`, { hint: "Kinds: latest, prerelease, old, none." });
}
function compareVersions(left, right) {
  const [a, b] = [Number(left), Number(right)];
  if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
}
function glob(pattern, text4) {
  if (!/[*?[]/.test(pattern)) return pattern === text4;
  const source = pattern.split(/(\*|\?|\[[^\]]+\])/).map((part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return /^\[.+\]$/.test(part) ? part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\") : escape(part);
  }).join("");
  return new RegExp(`^${source}$`, "s").test(text4);
}
function escape(text4) {
  return text4.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

// transform/manifest/resolve.ts
var Resolver = class {
  #manifest;
  #rootName;
  #byName = /* @__PURE__ */ new Map();
  constructor(manifest, rootName) {
    this.#manifest = manifest;
    this.#rootName = rootName;
    for (const node of manifest.nodes.values())
      if (isReferable(node)) this.#byName.set(node.name, [...this.#byName.get(node.name) ?? [], node]);
  }
  /** The node that a ref means for one of `packageName`: of the named package, else its own, the root's, any. */
  ref(ref, packageName) {
    const named = (this.#byName.get(ref.name) ?? []).filter((node) => ref.package === null || node.package_name === ref.package);
    const nearest = [packageName, this.#rootName].map((name) => named.filter((node) => node.package_name === name)).find((found2) => found2.length > 0) ?? named;
    if (ref.version !== null) return nearest.find((node) => String(node.version ?? "") === String(ref.version));
    const versions = nearest.filter((node) => node.version !== void 0 && node.version !== null);
    if (versions.length === 0) return nearest[0];
    return versions.find((node) => String(node.version) === String(node.latest_version)) ?? versions.sort((a, b) => compareVersions(a.version ?? null, b.version ?? null)).at(-1);
  }
  source([sourceName, tableName], packageName) {
    const ids = [packageName, this.#rootName].map((name) => `source.${name}.${sourceName}.${tableName}`);
    const direct = ids.map((id) => this.#manifest.sources.get(id)).find(Boolean);
    return direct ?? [...this.#manifest.sources.values()].find((source) => source.source_name === sourceName && source.name === tableName);
  }
  /** The error for a ref that means nothing, with the nearest name; says when the node is only disabled. */
  unknownRef(ref, by) {
    const disabled = [...this.#manifest.disabled.values()].flat().some((node) => node.name === ref.name && node.resource_type !== "source");
    if (disabled) return new MillraceError("SQL_REFERENCE_UNKNOWN", `${by} depends on ${describeRef(ref)}, which is disabled`);
    const versions = (this.#byName.get(ref.name) ?? []).flatMap((node) => node.version === void 0 || node.version === null ? [] : [String(node.version)]);
    const hint = ref.version !== null && versions.length > 0 ? `It has the versions ${versions.join(", ")}.` : didYouMean(ref.name, this.#byName.keys());
    return new MillraceError("SQL_REFERENCE_UNKNOWN", `${by} depends on ${describeRef(ref)}, which was not found`, hint ? { hint } : {});
  }
  unknownSource([sourceName, tableName], by) {
    const disabled = [...this.#manifest.disabled.values()].flat().some((node) => node.resource_type === "source" && node.name === tableName);
    const known = [...this.#manifest.sources.values()].map((source) => `${source.source_name}.${source.name}`);
    const hint = didYouMean(`${sourceName}.${tableName}`, known);
    return new MillraceError("SQL_REFERENCE_UNKNOWN", `${by} depends on a source named '${sourceName}.${tableName}', which ${disabled ? "is disabled" : "was not found"}`, hint ? { hint } : {});
  }
};
function resolveDependencies(manifest, resolver) {
  for (const node of [...manifest.nodes.values()]) {
    const found2 = dependenciesOf(node, resolver, node.resource_type === "test");
    if (found2) node.depends_on.nodes = found2;
    else {
      manifest.nodes.delete(node.unique_id);
      manifest.disabled.set(node.unique_id, [node]);
    }
  }
  for (const exposure of manifest.exposures.values()) exposure.depends_on.nodes = dependenciesOf(exposure, resolver, false) ?? [];
  for (const test of manifest.unitTests.values()) {
    const model = resolver.ref({ name: test.model, package: null, version: test.version }, test.package_name);
    if (!model) throw resolver.unknownRef({ name: test.model, package: null, version: null }, `the unit test '${test.name}' (${test.original_file_path})`);
    test.depends_on.nodes = [model.unique_id];
    test.schema = model.schema;
  }
  for (const node of manifest.nodes.values()) checkAccess(node, manifest);
}
function dependenciesOf(node, resolver, mayBeDisabled) {
  const ids = [];
  const by = describeNode(node);
  for (const ref of node.refs) {
    const found2 = resolver.ref(ref, node.package_name);
    if (found2) ids.push(found2.unique_id);
    else {
      const error = resolver.unknownRef(ref, by);
      if (mayBeDisabled && error.message.endsWith("is disabled")) return null;
      throw error;
    }
  }
  for (const call2 of node.sources) {
    const found2 = resolver.source(call2, node.package_name);
    if (found2) ids.push(found2.unique_id);
    else {
      const error = resolver.unknownSource(call2, by);
      if (mayBeDisabled && error.message.endsWith("is disabled")) return null;
      throw error;
    }
  }
  return [...new Set(ids)];
}
function checkAccess(node, manifest) {
  if (node.resource_type === "test") return;
  for (const id of node.depends_on.nodes) {
    const other = manifest.nodes.get(id);
    if (other?.access === "private" && other.group !== node.group)
      throw new MillraceError("SQL_PROJECT_INVALID", `${describeNode(node)} refers to ${other.name}, which is private to the group ${other.group ?? "(none)"}`);
  }
}
function isReferable(node) {
  return node.resource_type === "model" || node.resource_type === "seed" || node.resource_type === "snapshot";
}

// transform/manifest/parse.ts
function parseProject(options) {
  const env = options.env ?? process.env;
  const cliVars = options.vars ?? {};
  const dir = resolve3(options.dir);
  const keys = readProjectKeys(dir);
  const flags = readFlags(keys, options.flags);
  const invocation = { id: options.invocationId ?? randomUUID(), startedAt: Date.now(), flags, env, hooks: options.hooks ?? {} };
  const profileVars = isObject(keys["vars"]) ? keys["vars"] : {};
  const early = { ...library(invocation.hooks), var: varFunction({ ...profileVars, ...cliVars }, "the project"), env_var: envVarFunction(env, { secrets: true }) };
  const target = readTarget({
    projectDir: dir,
    profilesDir: options.profilesDir,
    profileName: options.profile ?? (typeof keys["profile"] === "string" ? String(renderYaml(keys["profile"], early, "dbt_project.yml")) : null),
    target: options.target,
    connectionUrl: options.connectionUrl,
    threads: options.threads,
    env,
    render: (value, path) => renderYaml(value, early, path)
  });
  const context = { ...early, target: targetVariables(target), env_var: envVarFunction(env, { secrets: false }) };
  const root = readPackage(dir, keys, context);
  const packages = [root, ...packageDirs(root, context).map((each) => readPackage(each, readProjectKeys(each), context))];
  requireInstalled(root, packages, context);
  requireDistinct(packages);
  const world = {
    root,
    packages,
    target,
    invocation,
    cliVars,
    registry: new MacroRegistry(root.name, root.file.dispatch, target.type),
    properties: [],
    propertyIndex: /* @__PURE__ */ new Map(),
    manifest: emptyManifest(),
    captures: new CaptureCache(options.cacheFolder ?? null, dir),
    warnings: [],
    bases: /* @__PURE__ */ new Map(),
    createdAt: invocation.startedAt / 1e3
  };
  return readWorld(world);
}
function readWorld(world) {
  const macroText = readMacros(world);
  world.captures.setWorld(sha256(JSON.stringify([macroText, world.cliVars, targetVariables(world.target), world.packages.map((each) => each.file.vars), world.invocation.flags, envUsed(world)])));
  readDocs(world);
  readAllProperties(world);
  readNodes(world);
  const sources = readAllSources(world);
  readGenericTests(world, sources);
  readOthers(world);
  warnOfUnusedProperties(world);
  const resolver = new Resolver(world.manifest, world.root.name);
  resolveDependencies(world.manifest, resolver);
  addMacros(world);
  world.captures.save();
  return { ...world, resolver };
}
function readMacros(world) {
  const sums = [];
  const folder = join8(packageRoot, "transform", "builtins");
  for (const name of readdirSync3(folder).filter((each) => each.endsWith(".sql")).sort()) {
    const text4 = readFileSync7(join8(folder, name), "utf8");
    world.registry.addFile(internalPackage, text4, `builtins/${name}`, null);
    sums.push(sha256(text4));
  }
  for (const pkg of world.packages) {
    const { macros, tests: tests2 } = pkg.file.paths;
    const folders = [...macros, ...tests2.map((path) => join8(path, "generic"))];
    for (const source of readSources(pkg.dir, folders, [".sql"])) {
      if (source.text.includes("{%")) world.registry.addFile(pkg.name, source.text, source.path, source);
      sums.push(pkg.name, source.checksum);
    }
  }
  return sums.join();
}
function addMacros(world) {
  for (const entry of world.registry.all) {
    const path = entry.source?.path ?? entry.definition.path;
    const properties = world.propertyIndex.get(`${entry.packageName}:macros:${entry.name}`)?.[0];
    world.manifest.macros.set(entry.uniqueId, {
      unique_id: entry.uniqueId,
      resource_type: "macro",
      name: entry.name,
      package_name: entry.packageName,
      path,
      original_file_path: path,
      macro_sql: entry.definition.text,
      depends_on: { macros: [] },
      description: properties?.description ?? "",
      meta: isObject(properties?.config["meta"]) ? properties.config["meta"] : {},
      docs: { show: true, node_color: null },
      patch_path: properties ? `${properties.packageName}://${properties.path}` : null,
      arguments: entry.definition.parameters.map((parameter) => ({ name: parameter.name, type: parameter.type ?? null, description: "" })),
      created_at: world.createdAt,
      supported_languages: null
    });
  }
}
function envUsed(world) {
  const entries = Object.entries(world.invocation.env).filter(([name]) => /^(DBT_|MILLRACE_SQL_)/.test(name));
  return sha256(JSON.stringify(entries.sort()));
}
function readFlags(keys, given) {
  const project = Object.fromEntries(Object.entries(isObject(keys["flags"]) ? keys["flags"] : {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    fullRefresh: false,
    storeFailures: project["store_failures"] === true,
    failFast: project["fail_fast"] === true,
    warnError: project["warn_error"] === true,
    empty: false,
    which: "build",
    ...given,
    project
  };
}
function requireDistinct(packages) {
  const seen = /* @__PURE__ */ new Map();
  for (const pkg of packages) {
    const other = seen.get(pkg.name);
    if (other) throw new MillraceError("SQL_PROJECT_INVALID", `two packages are called "${pkg.name}": ${other.dir} and ${pkg.dir}`);
    seen.set(pkg.name, pkg);
  }
}
function emptyManifest() {
  return {
    nodes: /* @__PURE__ */ new Map(),
    sources: /* @__PURE__ */ new Map(),
    exposures: /* @__PURE__ */ new Map(),
    unitTests: /* @__PURE__ */ new Map(),
    groups: /* @__PURE__ */ new Map(),
    docs: /* @__PURE__ */ new Map(),
    macros: /* @__PURE__ */ new Map(),
    disabled: /* @__PURE__ */ new Map(),
    selectors: /* @__PURE__ */ new Map()
  };
}

// transform/manifest/select.ts
function selectNodes(world, graph, request) {
  const indirect = request.indirectSelection ?? "eager";
  const choice = request.selector ? namedSelector(world, request.selector) : union(request.select?.length ? request.select : ["fqn:*"], request.exclude ?? []);
  const { direct, possible } = evaluate2(choice, world, graph, indirect);
  return withWaitingTests(direct, possible, indirect, graph);
}
function union(select2, exclude) {
  const words3 = (texts) => texts.flatMap((text4) => text4.split(/\s+/)).filter(Boolean);
  return { kind: "union", parts: words3(select2).map(parseWord), exclude: words3(exclude).map(parseWord) };
}
function parseWord(word) {
  const parts2 = word.split(",").map(parseSpec);
  return parts2.length === 1 ? parts2[0] : { kind: "intersection", parts: parts2, exclude: [] };
}
var specPattern = /^(?<at>@)?(?<parents>(?<parentDepth>\d*)\+)?((?<method>[a-z_]+)(?<arguments>(\.\w+)*):)?(?<value>.*?)(?<children>\+(?<childDepth>\d*))?$/s;
function parseSpec(text4) {
  const groups = specPattern.exec(text4)?.groups;
  const value = groups?.["value"] ?? "";
  if (!groups || value === "")
    throw new MillraceError("SQL_SELECTION_INVALID", `"${text4}" cannot be read as a selection`, { hint: "The form is [@|N+][method:]value[+N]." });
  if (groups["at"] && groups["children"])
    throw new MillraceError("SQL_SELECTION_INVALID", `"${text4}": "@" already includes all children, so "+" after it is not allowed`);
  return {
    kind: "method",
    method: groups["method"] ?? defaultMethod(value),
    arguments: (groups["arguments"] ?? "").split(".").filter(Boolean),
    value,
    at: groups["at"] !== void 0,
    parents: depthOf(groups["parents"], groups["parentDepth"]),
    children: depthOf(groups["children"], groups["childDepth"])
  };
}
function depthOf(plus, depth) {
  if (plus === void 0) return 0;
  return depth ? Number(depth) : Number.POSITIVE_INFINITY;
}
function defaultMethod(value) {
  if (/[/\\]/.test(value)) return "path";
  return /\.(sql|py|csv)$/i.test(value) ? "file" : "fqn";
}
function evaluate2(criterion, world, graph, indirect) {
  if (criterion.kind === "method") return evaluateMethod(criterion, world, graph, indirect);
  const results = criterion.parts.map((part) => evaluate2(part, world, graph, indirect));
  const { direct, possible } = criterion.kind === "union" ? unite(results) : intersect(results);
  const excluded = criterion.exclude.map((part) => evaluate2(part, world, graph, indirect));
  for (const { direct: out } of excluded)
    for (const id of out) {
      direct.delete(id);
      possible.delete(id);
    }
  return { direct, possible };
}
function unite(results) {
  return {
    direct: new Set(results.flatMap((result) => [...result.direct])),
    possible: new Set(results.flatMap((result) => [...result.possible]))
  };
}
function intersect(results) {
  const everywhere = (sets) => sets.reduce((left, right) => new Set([...left].filter((id) => right.has(id))));
  return {
    direct: everywhere(results.map((result) => result.direct)),
    possible: everywhere(results.map((result) => /* @__PURE__ */ new Set([...result.direct, ...result.possible])))
  };
}
function evaluateMethod(criterion, world, graph, indirect) {
  const matched = /* @__PURE__ */ new Set();
  if (criterion.method === "selector") return evaluate2(namedSelector(world, criterion.value), world, graph, indirect);
  for (const subject2 of world.subjects()) if (matchesMethod(world, subject2, criterion)) matched.add(subject2.uniqueId);
  const found2 = new Set(matched);
  if (criterion.at) {
    const below = graph.descendants(matched);
    for (const id of [...below, ...graph.ancestors([...matched, ...below])]) found2.add(id);
  }
  if (criterion.parents > 0) for (const id of graph.ancestors(matched, criterion.parents)) found2.add(id);
  if (criterion.children > 0) for (const id of graph.descendants(matched, criterion.children)) found2.add(id);
  return expandToTests(found2, world, graph, criterion.indirect ?? indirect);
}
function expandToTests(found2, world, graph, indirect) {
  const direct = new Set(found2);
  const possible = /* @__PURE__ */ new Set();
  if (indirect === "empty") return { direct, possible };
  for (const id of found2)
    for (const child of graph.children.get(id) ?? []) {
      if (!isTest(world.subject(child)) || direct.has(child)) continue;
      const parents = graph.parents.get(child) ?? [];
      if (indirect === "eager" || parents.every((parent) => found2.has(parent))) direct.add(child);
      else possible.add(child);
    }
  return { direct, possible };
}
function withWaitingTests(direct, possible, indirect, graph) {
  const enough = indirect === "buildable" ? /* @__PURE__ */ new Set([...direct, ...graph.ancestors(direct)]) : direct;
  const joining = [...possible].filter((id) => (graph.parents.get(id) ?? []).every((parent) => enough.has(parent)));
  return /* @__PURE__ */ new Set([...direct, ...joining]);
}
function isTest(subject2) {
  return subject2?.resourceType === "test" || subject2?.resourceType === "unit_test";
}
function namedSelector(world, name) {
  const entry = world.selectors.get(name);
  if (!entry)
    throw new MillraceError("SQL_SELECTION_INVALID", `selectors.yml has no selector "${name}"`, {
      hint: `It has: ${[...world.selectors.keys()].join(", ") || "none"}.`
    });
  return readDefinition(entry["definition"], name);
}
function readDefinition(definition, name) {
  if (typeof definition === "string") return union([definition], []);
  if (!isObject(definition))
    throw new MillraceError("SQL_SELECTION_INVALID", `the selector "${name}" has ${describe2(definition)} as a definition`);
  for (const kind of ["union", "intersection"]) {
    const parts2 = definition[kind];
    if (!Array.isArray(parts2)) continue;
    const isExclude = (part) => isObject(part) && Array.isArray(part["exclude"]) && !part["method"];
    const excludes = parts2.filter(isExclude).flatMap((part) => part["exclude"]);
    return {
      kind,
      parts: parts2.filter((part) => !isExclude(part)).map((part) => readDefinition(part, name)),
      exclude: excludes.map((part) => readDefinition(part, name))
    };
  }
  return readMethodDefinition(definition, name);
}
function readMethodDefinition(definition, name) {
  if (definition["method"] === void 0) {
    const [[key, value] = []] = Object.entries(definition);
    if (key === void 0 || Object.keys(definition).length !== 1)
      throw new MillraceError("SQL_SELECTION_INVALID", `the selector "${name}" has a definition without "method"`);
    return parseSpec(`${key}:${String(value)}`);
  }
  const [method = "", ...rest] = String(definition["method"]).split(".");
  const depth = (plus, steps) => plus === true ? typeof steps === "number" ? steps : Number.POSITIVE_INFINITY : 0;
  const base = {
    kind: "method",
    method,
    arguments: rest,
    value: String(definition["value"] ?? ""),
    at: definition["childrens_parents"] === true,
    parents: depth(definition["parents"], definition["parents_depth"]),
    children: depth(definition["children"], definition["children_depth"]),
    indirect: definition["indirect_selection"]
  };
  const exclude = Array.isArray(definition["exclude"]) ? definition["exclude"] : [];
  return exclude.length === 0 ? base : { kind: "union", parts: [base], exclude: exclude.map((part) => readDefinition(part, name)) };
}

// transform/project-node.ts
function toProjectNode(node) {
  const model = node;
  const severity = node.config["severity"];
  return {
    uniqueId: node.unique_id,
    resourceType: node.resource_type,
    name: "source_name" in node ? `${node.source_name}.${node.name}` : node.name,
    packageName: node.package_name,
    originalFilePath: node.original_file_path,
    fqn: node.fqn,
    materialized: typeof node.config["materialized"] === "string" ? node.config["materialized"] : node.resource_type,
    schema: "schema" in node ? node.schema : "",
    alias: "source_name" in node ? node.identifier : model.alias ?? node.name,
    tags: Array.isArray(node.config["tags"]) ? node.config["tags"] : [],
    description: node.description,
    dependsOn: "source_name" in node ? [] : node.depends_on.nodes,
    attachedNode: node.resource_type === "unit_test" ? node.depends_on.nodes[0] ?? null : model.attached_node ?? null,
    columnName: model.column_name ?? null,
    severity: severity === "WARN" ? "warn" : severity === "ERROR" ? "error" : null
  };
}

// transform/task-graph.ts
function makeTaskGraph(project, request) {
  const { tests: tests2, ...selection } = request;
  const chosen = project.select(selection).map((id) => project.nodes.get(id));
  const built = chosen.filter(isTask);
  const groups = tests2 === "model" ? testsByModel(built) : /* @__PURE__ */ new Map();
  const grouped = new Set([...groups.values()].flat().map((node) => node.uniqueId));
  const tasks = built.filter((node) => !grouped.has(node.uniqueId)).map((node) => ({ uniqueIds: [node.uniqueId], name: nameOf(node), group: groupOf2(project, node), kind: node.resourceType, upstream: [] }));
  for (const [model, nodes] of groups) {
    const [first] = nodes;
    const name = `${project.nodes.get(model).name.replace(".", "_")}_tests`;
    tasks.push({ uniqueIds: nodes.map((node) => node.uniqueId), name, group: groupOf2(project, first), kind: "tests", upstream: [] });
  }
  linkTasks(project, tasks);
  nameApart(tasks);
  return inOrder(project, tasks);
}
function isTask(node) {
  if (node.resourceType === "model") return node.materialized !== "ephemeral";
  return ["seed", "snapshot", "test", "unit_test"].includes(node.resourceType);
}
function testsByModel(built) {
  const found2 = /* @__PURE__ */ new Map();
  for (const node of built) {
    const [only] = node.dependsOn;
    if (node.resourceType === "test" && node.dependsOn.length === 1 && only) found2.set(only, [...found2.get(only) ?? [], node]);
  }
  return new Map([...found2].filter(([, nodes]) => nodes.length > 1));
}
function linkTasks(project, tasks) {
  const dependencies = project.buildDependencies();
  for (const test of project.manifest.unitTests.values()) for (const model of test.depends_on.nodes) dependencies.get(model)?.push(test.unique_id);
  for (const test of project.manifest.unitTests.values()) dependencies.set(test.unique_id, unitTestInputs(project, test.unique_id));
  const taskOf = new Map(tasks.flatMap((task) => task.uniqueIds.map((id) => [id, task])));
  for (const task of tasks) {
    const above = /* @__PURE__ */ new Set();
    const seen = new Set(task.uniqueIds);
    const waiting = task.uniqueIds.flatMap((id) => dependencies.get(id) ?? []);
    for (let id = waiting.pop(); id !== void 0; id = waiting.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const other = taskOf.get(id);
      if (other && other !== task) above.add(other);
      else waiting.push(...dependencies.get(id) ?? []);
    }
    task.upstream = [...above].map((other) => other.uniqueIds[0]);
  }
}
function unitTestInputs(project, uniqueId) {
  const model = project.manifest.unitTests.get(uniqueId)?.depends_on.nodes[0];
  return model === void 0 ? [] : [...project.graph.parents.get(model) ?? []];
}
function groupOf2(project, node) {
  if (node.resourceType === "test" || node.resourceType === "unit_test") {
    const owner = project.nodes.get(node.attachedNode ?? node.dependsOn[0] ?? "");
    return owner && owner.resourceType !== "source" ? [...groupOf2(project, owner), "tests"] : ["tests"];
  }
  const folders = node.fqn.slice(1, node.resourceType === "snapshot" ? -2 : -1).filter((folder) => !/^v\d+$/.test(folder));
  if (node.resourceType === "snapshot") return folders.length > 0 ? folders : ["snapshots"];
  if (node.resourceType === "seed") return folders.length > 0 ? folders : ["seeds"];
  return folders;
}
function nameOf(node) {
  const name = node.resourceType === "test" || node.resourceType === "model" ? node.alias || node.name : node.name;
  return name.replace(/[^\w.-]/g, "_");
}
function nameApart(tasks) {
  const taken = /* @__PURE__ */ new Set();
  for (const task of tasks) {
    const base = task.name;
    const suffix = task.uniqueIds[0].split(".").at(-1);
    for (let number = 1; taken.has(task.name); number++) task.name = number === 1 ? `${base}_${suffix}` : `${base}_${suffix}_${number}`;
    taken.add(task.name);
  }
}
function inOrder(project, tasks) {
  const position2 = new Map(project.graph.order().map((id, index2) => [id, index2]));
  return tasks.sort((a, b) => (position2.get(a.uniqueIds[0]) ?? 0) - (position2.get(b.uniqueIds[0]) ?? 0));
}

// transform/project.ts
async function loadProject(options) {
  return new Project(parseProject(options));
}
var Project = class {
  root;
  packages;
  target;
  manifest;
  registry;
  resolver;
  flags;
  warnings;
  /** Every model, seed, snapshot, test, unit test, source, exposure, analysis and hook that is enabled. */
  nodes;
  /** Direct dependencies, sources included. */
  graph;
  /** Unique ids of the running selection: `selected_resources` in templates. */
  selectedResources = [];
  parsed;
  #templates = /* @__PURE__ */ new Map();
  #bases = /* @__PURE__ */ new Map();
  #graphVariables;
  constructor(parsed) {
    this.parsed = parsed;
    this.root = parsed.root;
    this.packages = parsed.packages;
    this.target = parsed.target;
    this.manifest = parsed.manifest;
    this.registry = parsed.registry;
    this.resolver = parsed.resolver;
    this.flags = parsed.invocation.flags;
    this.warnings = parsed.warnings;
    const { manifest } = parsed;
    const everything = [...manifest.nodes.values(), ...manifest.sources.values(), ...manifest.exposures.values(), ...manifest.unitTests.values()];
    this.nodes = new Map(everything.map((node) => [node.unique_id, toProjectNode(node)]));
    this.graph = new Graph([...this.nodes].map(([id, node]) => [id, node.dependsOn]));
    this.graph.order();
  }
  get name() {
    return this.root.name;
  }
  get dir() {
    return this.root.dir;
  }
  get invocation() {
    return this.parsed.invocation;
  }
  /** The unique ids that a selection means, in the order of building. Throws SQL_SELECTION_INVALID. */
  select(request = {}) {
    const { world, ...selection } = request;
    const chosen = selectNodes({ ...this.selectionWorld(), ...world }, this.graph, selection);
    return this.graph.order().filter((id) => chosen.has(id));
  }
  /** Tasks of a selection with their groups and upstreams, in dbt's order of building: a failing test stops what depends on the model. */
  taskGraph(request) {
    return makeTaskGraph(this, request);
  }
  /** Dependencies with those edges by which tests hold back what is downstream of what they test. */
  buildDependencies() {
    const tests2 = [...this.nodes.values()].filter((node) => node.resourceType === "test").map((node) => [node.uniqueId, node.dependsOn]);
    return withTestEdges(this.graph, tests2);
  }
  relationOf(node) {
    const owner = this.packages.find((each) => each.name === node.package_name) ?? this.root;
    const type = node.config["materialized"] === "view" ? "view" : node.config["materialized"] === "materialized_view" ? "materialized_view" : "table";
    return relationOf(this.parsed, owner, node).with({ type });
  }
  sourceRelation(source) {
    const quotePolicy = { database: true, schema: true, identifier: true, ...source.quoting };
    return new Relation({ database: source.database, schema: source.schema, identifier: source.identifier, quotePolicy, type: "table" });
  }
  /** What all templates of a package see; made once. */
  baseContext(packageName) {
    let base = this.#bases.get(packageName);
    if (!base) {
      const owner = this.packages.find((each) => each.name === packageName) ?? this.root;
      base = baseContext({
        invocation: this.invocation,
        packageName,
        rootName: this.root.name,
        vars: varsOf(packageName, owner.file.vars, this.root.file.vars, this.parsed.cliVars),
        target: targetVariables(this.target)
      });
      this.#bases.set(packageName, base);
    }
    return base;
  }
  /** `graph` in templates. */
  graphVariables() {
    this.#graphVariables ??= {
      nodes: Object.fromEntries(this.manifest.nodes),
      sources: Object.fromEntries(this.manifest.sources),
      exposures: Object.fromEntries(this.manifest.exposures),
      groups: Object.fromEntries(this.manifest.groups),
      macros: Object.fromEntries(this.manifest.macros),
      metrics: {},
      semantic_models: {},
      saved_queries: {},
      unit_tests: Object.fromEntries(this.manifest.unitTests)
    };
    return this.#graphVariables;
  }
  /** A node's template, read once. */
  template(text4, path) {
    const key = `${path}\0${text4}`;
    let template = this.#templates.get(key);
    if (!template) {
      template = compileTemplate(text4, { path });
      this.#templates.set(key, template);
    }
    return template;
  }
  selectionWorld() {
    const { manifest } = this;
    const subjects = /* @__PURE__ */ new Map();
    for (const node of [...manifest.nodes.values(), ...manifest.sources.values(), ...manifest.exposures.values(), ...manifest.unitTests.values()])
      if (node.resource_type !== "operation") subjects.set(node.unique_id, toSubject(node));
    return { projectName: this.name, subjects: () => subjects.values(), subject: (id) => subjects.get(id), selectors: manifest.selectors };
  }
};
function toSubject(node) {
  const model = node;
  return {
    uniqueId: node.unique_id,
    resourceType: node.resource_type,
    name: node.name,
    packageName: node.package_name,
    fqn: node.fqn,
    path: node.original_file_path,
    tags: Array.isArray(node.config["tags"]) ? node.config["tags"] : [],
    config: node.config,
    sourceName: node.source_name,
    group: model.group,
    access: model.access,
    version: model.version,
    latestVersion: model.latest_version,
    testName: model.test_metadata?.name,
    isGenericTest: node.resource_type === "test" ? model.test_metadata !== void 0 : void 0
  };
}

// transform/compile/contract.ts
async function assertContract(runtime2, node, sql) {
  const untyped = Object.values(node.columns).filter((column) => !column.data_type);
  if (Object.keys(node.columns).length === 0 || untyped.length > 0)
    throw new MillraceError("SQL_CONTRACT_BROKEN", `${describeNode(node)}: a contract needs a data_type for each column`, {
      hint: untyped.length > 0 ? `Missing for: ${untyped.map((column) => column.name).join(", ")}.` : "It lists no columns."
    });
  const given = await runtime2.adapter.columnsOfQuery(runtime2.connection, sql);
  const casts = Object.values(node.columns).map((column) => `cast(null as ${column.data_type}) as ${quoteIdentifier(column.name)}`);
  const wanted = await runtime2.adapter.columnsOfQuery(runtime2.connection, `select ${casts.join(", ")}`);
  const differences = compare2(given, wanted);
  if (differences.length === 0) return;
  throw new MillraceError("SQL_CONTRACT_BROKEN", `${describeNode(node)} has an enforced contract that failed:
${differences.map((each) => `  ${each}`).join("\n")}`, {
    hint: "Change the query, or the contract."
  });
}
function compare2(given, wanted) {
  const find = (columns, name) => columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const missing3 = wanted.filter((column) => !find(given, column.name)).map((column) => `${column.name}: ${column.dataType} in the contract, missing in the query`);
  const extra = given.filter((column) => !find(wanted, column.name)).map((column) => `${column.name}: ${column.dataType} in the query, missing in the contract`);
  const retyped = given.flatMap((column) => {
    const other = find(wanted, column.name);
    return other && other.baseType !== column.baseType ? [`${column.name}: ${column.dataType} in the query, ${other.dataType} in the contract`] : [];
  });
  return [...missing3, ...extra, ...retyped];
}
function columnConstraints(node) {
  return Object.values(node.columns).map((column) => {
    const name = column.quote ? quoteIdentifier(column.name) : column.name;
    const constraints = column.constraints.map((constraint) => renderConstraint(constraint, null)).filter((text4) => text4 !== null);
    return [name, column.data_type, ...constraints].join(" ");
  });
}
function modelConstraints(node) {
  return (node.constraints ?? []).flatMap((constraint) => {
    const columns = Array.isArray(constraint["columns"]) ? constraint["columns"].map(String) : [];
    const text4 = renderConstraint(constraint, columns);
    return text4 === null ? [] : [text4];
  });
}
function renderConstraint(constraint, columns) {
  const name = typeof constraint["name"] === "string" && columns !== null ? `constraint ${constraint["name"]} ` : "";
  const list3 = columns === null ? "" : ` (${columns.join(", ")})`;
  const expression = typeof constraint["expression"] === "string" ? constraint["expression"] : "";
  switch (constraint["type"]) {
    case "check":
      return `${name}check (${expression})`;
    case "not_null":
      return columns === null ? `not null${expression ? ` ${expression}` : ""}` : null;
    case "unique":
      return `${name}unique${list3}${expression ? ` ${expression}` : ""}`;
    case "primary_key":
      return `${name}primary key${list3}${expression ? ` ${expression}` : ""}`;
    case "foreign_key":
      return foreignKey(constraint, columns, name, list3, expression);
    case "custom":
      return `${name}${expression}`;
    default:
      return null;
  }
}
function foreignKey(constraint, columns, name, list3, expression) {
  const to = typeof constraint["to"] === "string" ? constraint["to"] : null;
  const toColumns = Array.isArray(constraint["to_columns"]) ? ` (${constraint["to_columns"].map(String).join(", ")})` : "";
  const references = to === null ? `references ${expression}` : `references ${to}${toColumns}`;
  return columns === null ? references : `${name}foreign key${list3} ${references}`;
}

// transform/compile/grants.ts
async function applyGrants(self, relation, wanted, revokes) {
  if (Object.keys(wanted).length === 0) return;
  if (self.runtime.adapter.type !== "postgres")
    throw new MillraceError("SQL_COMPILATION_FAILED", `${self.node.name}: ${self.runtime.adapter.type} has no grants`);
  const current = revokes ? await currentGrants(self, relation) : /* @__PURE__ */ new Map();
  const lists = new Map(Object.entries(wanted).map(([privilege, grantees]) => [privilege.toLowerCase(), (Array.isArray(grantees) ? grantees : [grantees]).map(String)]));
  for (const [privilege, grantees] of lists) {
    const missing3 = grantees.filter((grantee) => !current.get(privilege)?.has(grantee));
    if (missing3.length > 0) await send(self, "get_grant_sql", [relation, privilege, missing3]);
  }
  for (const [privilege, grantees] of current) {
    const extra = [...grantees].filter((grantee) => !lists.get(privilege)?.includes(grantee));
    if (extra.length > 0) await send(self, "get_revoke_sql", [relation, privilege, extra]);
  }
}
async function currentGrants(self, relation) {
  const { rows } = await self.runtime.execute(
    `select grantee, lower(privilege_type) from information_schema.role_table_grants where grantor = current_role and grantee != current_role and table_schema = ${quoteLiteral(relation.schema ?? "")} and table_name = ${quoteLiteral(relation.identifier ?? "")}`
  );
  const found2 = /* @__PURE__ */ new Map();
  for (const [grantee, privilege] of rows) found2.set(String(privilege), (found2.get(String(privilege)) ?? /* @__PURE__ */ new Set()).add(String(grantee)));
  return found2;
}
async function send(self, name, args) {
  const macro = self.scope.macro(name);
  if (macro) await self.runtime.execute(str(await invoke(macro, args)).trim());
}

// transform/compile/result-table.ts
var ResultTable = class _ResultTable extends HostObject {
  columnNames;
  rows;
  constructor(columnNames, rows) {
    super();
    this.columnNames = columnNames;
    this.rows = rows.map((values2) => new ResultRow(columnNames, values2));
  }
  static of(result) {
    return new _ResultTable(
      result.columns.map(({ name }) => name),
      result.rows
    );
  }
  getAttribute(name) {
    return tableAttributes[name]?.(this);
  }
  iterate() {
    return this.rows;
  }
  get size() {
    return this.rows.length;
  }
  get truthy() {
    return true;
  }
  toString() {
    const line = (values2) => `| ${values2.map((value) => String(value ?? "")).join(" | ")} |`;
    return [line(this.columnNames), ...this.rows.map((row) => line(row.values))].join("\n");
  }
};
var ResultColumn = class extends HostObject {
  name;
  values;
  constructor(name, values2) {
    super();
    this.name = name;
    this.values = values2;
  }
  getAttribute(name) {
    if (name === "name") return this.name;
    if (name === "values") return hostFunction(() => [...this.values]);
    if (name === "values_distinct") return hostFunction(() => [...new Set(this.values)]);
    if (name === "values_without_nulls") return hostFunction(() => this.values.filter((value) => value !== null));
    return void 0;
  }
  getItem(key) {
    return at(this.values, key) ?? (typeof key === "string" ? this.getAttribute(key) : void 0);
  }
  iterate() {
    return this.values;
  }
  get size() {
    return this.values.length;
  }
};
var ResultRow = class extends HostObject {
  names;
  values;
  constructor(names2, values2) {
    super();
    this.names = names2;
    this.values = values2;
  }
  getAttribute(name) {
    if (name === "values") return hostFunction(() => [...this.values]);
    if (name === "keys") return hostFunction(() => [...this.names]);
    if (name === "items") return hostFunction(() => this.names.map((key, index2) => [key, this.values[index2]]));
    if (name === "dict") return hostFunction(() => Dict.of(Object.fromEntries(this.names.map((key, index2) => [key, this.values[index2]]))));
    if (name === "get") return hostFunction((args) => this.getItem(args[0]) ?? args[1] ?? null);
    return this.#named(name);
  }
  getItem(key) {
    return typeof key === "string" ? this.#named(key) : at(this.values, key);
  }
  iterate() {
    return this.values;
  }
  get size() {
    return this.values.length;
  }
  get repr() {
    return `<Row: (${this.values.map(String).join(", ")})>`;
  }
  toString() {
    return this.repr;
  }
  #named(name) {
    const index2 = this.names.indexOf(name);
    return index2 === -1 ? void 0 : this.values[index2] ?? null;
  }
};
var Columns = class extends HostObject {
  all;
  constructor(all) {
    super();
    this.all = all;
  }
  getAttribute(name) {
    if (name === "keys") return hostFunction(() => this.all.map((column) => column.name));
    if (name === "values") return hostFunction(() => [...this.all]);
    if (name === "items") return hostFunction(() => this.all.map((column) => [column.name, column]));
    if (name === "get") return hostFunction((args) => this.getItem(args[0]) ?? null);
    return void 0;
  }
  getItem(key) {
    return typeof key === "string" ? this.all.find((column) => column.name === key) : at(this.all, key);
  }
  iterate() {
    return this.all;
  }
  get size() {
    return this.all.length;
  }
};
var tableAttributes = {
  columns: (table2) => new Columns(table2.columnNames.map((name, index2) => new ResultColumn(name, table2.rows.map((row) => row.values[index2] ?? null)))),
  rows: (table2) => table2.rows,
  column_names: (table2) => [...table2.columnNames],
  column_types: (table2) => table2.columnNames.map(() => "Text"),
  print_table: (table2) => hostFunction(() => `${table2}`),
  rename: (table2) => hostFunction((args, kwargs) => {
    const names2 = args[0] ?? kwargs["column_names"];
    const renamed = Array.isArray(names2) ? names2.map(String) : table2.columnNames.map((name) => names2 instanceof Map ? String(names2.get(name) ?? name) : name);
    return new ResultTable(renamed, table2.rows.map((row) => row.values));
  }),
  select: (table2) => hostFunction((args) => {
    const names2 = (Array.isArray(args[0]) ? args[0] : [args[0]]).map(String);
    return new ResultTable(names2, table2.rows.map((row) => names2.map((name) => row.getItem(name))));
  }),
  exclude: (table2) => hostFunction((args) => {
    const out = new Set((Array.isArray(args[0]) ? args[0] : [args[0]]).map(String));
    const names2 = table2.columnNames.filter((name) => !out.has(name));
    return new ResultTable(names2, table2.rows.map((row) => names2.map((name) => row.getItem(name))));
  })
};
function at(values2, key) {
  return typeof key === "number" ? values2.at(key) : void 0;
}

// transform/compile/adapter-object.ts
var macroMethod = (name) => (self, args, kwargs, run) => {
  const macro = self.scope.macro(name);
  if (!macro) throw new MillraceError("SQL_REFERENCE_UNKNOWN", `there is no macro "${name}"`);
  self.runtime.forgetRelations();
  return macro.call(run, args, kwargs);
};
var nothing = () => "";
var methods2 = {
  type: (self) => self.runtime.adapter.type,
  quote: (_self, args) => quoteIdentifier(String(args[0])),
  quote_as_configured: (self, args) => {
    const quoting = self.runtime.project.root.file.quoting;
    return quoting[String(args[1])] ?? true ? quoteIdentifier(String(args[0])) : String(args[0]);
  },
  quote_seed_column: (_self, args) => args[1] === false ? String(args[0]) : quoteIdentifier(String(args[0])),
  execute: async (self, args, kwargs) => {
    const [sql, , fetch] = readArguments("adapter.execute", ["sql", "auto_begin?", "fetch?", "limit?"], args, kwargs);
    const result = await self.runtime.execute(String(sql));
    return tuple([self.runtime.response(result), fetch ? ResultTable.of(result) : new ResultTable([], [])]);
  },
  get_relation: (self, args, kwargs) => {
    const [database, schema, identifier] = readArguments("adapter.get_relation", ["database", "schema", "identifier"], args, kwargs);
    return self.runtime.relation(text3(database), String(schema), String(identifier));
  },
  load_relation: (self, args) => lookup2(self, args[0]),
  get_columns_in_relation: (self, args, kwargs) => columnsOf2(self, args[0] ?? kwargs["relation"]),
  get_column_schema_from_query: (self, args) => self.runtime.adapter.columnsOfQuery(self.runtime.connection, String(args[0])),
  get_missing_columns: async (self, args, kwargs) => {
    const [from, to] = readArguments("adapter.get_missing_columns", ["from_relation", "to_relation"], args, kwargs);
    const known = new Set((await columnsOf2(self, to)).map((column) => column.name));
    return (await columnsOf2(self, from)).filter((column) => !known.has(column.name));
  },
  expand_target_column_types: async (self, args, kwargs) => {
    const [from, to] = readArguments("adapter.expand_target_column_types", ["from_relation", "to_relation"], args, kwargs);
    const current = await columnsOf2(self, to);
    for (const column of await columnsOf2(self, from))
      if (current.find((each) => each.name === column.name)?.canExpandTo(column))
        await self.runtime.execute(`alter table ${String(to)} alter column ${column.quoted} type ${column.dataType}`);
    return "";
  },
  already_exists: async (self, args) => await self.runtime.relation(null, String(args[0]), String(args[1])) !== null,
  check_schema_exists: async (self, args, kwargs) => {
    const [database, schema] = readArguments("adapter.check_schema_exists", ["database", "schema"], args, kwargs);
    return (await self.runtime.adapter.lookup(self.runtime.connection, { database: text3(database), schema: String(schema), identifier: "" })).schemaExists;
  },
  list_schemas: async (self) => (await self.runtime.execute("select distinct schema_name from information_schema.schemata order by 1")).rows.map(([name]) => name),
  list_relations: listRelations,
  list_relations_without_caching: listRelations,
  create_schema: macroMethod("create_schema"),
  drop_schema: macroMethod("drop_schema"),
  drop_relation: macroMethod("drop_relation"),
  rename_relation: macroMethod("rename_relation"),
  truncate_relation: macroMethod("truncate_relation"),
  commit: async (self) => {
    await self.runtime.connection.commit();
    return "";
  },
  commit_if_open: async (self) => {
    await self.runtime.connection.commit();
    return "";
  },
  verify_database: (_self, args) => String(args[0]),
  cache_added: nothing,
  cache_dropped: nothing,
  cache_renamed: nothing,
  valid_snapshot_target: nothing,
  supports: () => false,
  render_raw_columns_constraints: (self) => columnConstraints(self.node),
  render_raw_model_constraints: (self) => modelConstraints(self.node),
  assert_columns_equivalent: async (self, args) => {
    await assertContract(self.runtime, self.node, String(args[0]));
    return "";
  },
  apply_grants: async (self, args) => {
    const [relation, grants, revokes] = args;
    await applyGrants(self, relation, toHost(grants), revokes !== false);
    return "";
  },
  standardize_grants_dict: (_self, args) => {
    const grants = /* @__PURE__ */ new Map();
    const table2 = args[0];
    for (const row of table2 instanceof ResultTable ? table2.rows : []) {
      const privilege = String(row.getItem("privilege_type"));
      grants.set(privilege, [...grants.get(privilege) ?? [], row.getItem("grantee")]);
    }
    return grants;
  }
};
async function listRelations(self, args, kwargs) {
  const schema = args[0] instanceof Relation ? args[0].schema : args[1] ?? kwargs["schema"] ?? args[0];
  return self.runtime.adapter.listRelations(self.runtime.connection, [String(schema)]);
}
function columnsOf2(self, relation) {
  if (!(relation instanceof Relation)) throw new MillraceError("SQL_COMPILATION_FAILED", `a relation is needed to ask for its columns; got ${relation === null ? "none" : String(relation)}`);
  const schema = relation.includePolicy.schema ? relation.schema ?? "" : "";
  return self.runtime.adapter.columnsOf(self.runtime.connection, { database: relation.database, schema, identifier: relation.identifier ?? "" });
}
function lookup2(self, relation) {
  const { database, schema, identifier } = relation;
  return self.runtime.relation(database, schema ?? "", identifier ?? "");
}
function text3(value) {
  return typeof value === "string" ? value : null;
}

// ../../../tmp/sqltry.ts
var t0 = performance.now();
var p = await loadProject({ dir: process.argv[2], connectionUrl: process.argv[3] ?? "postgresql://localhost/x" });
console.log(performance.now() - t0, p.nodes.size, p.warnings);
for (const t of p.taskGraph({ tests: "each" })) console.log(t.name, t.group.join("/"), t.kind, "<-", t.upstream.join(","));
