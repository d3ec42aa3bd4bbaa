const longest = 80;

/** A short one-line picture of any value, for messages. Never throws. */
export function inspectValue(value: unknown): string {
  try {
    return inspectAny(value);
  } catch {
    return `${typeof value === 'function' ? 'a function' : 'an object'} that can't be looked at`;
  }
}

/** What an error, or whatever else was thrown, says. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error)
      return `${thrown.name === 'Error' ? '' : `${thrown.name}: `}${thrown.message}`;
  } catch {
    return unreadable;
  }
  return inspectValue(thrown);
}

/** The message alone of an error, or what else was thrown says; a text as it is. Never throws, and always gives a text. */
export function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    if (thrown instanceof Error) {
      const message: unknown = thrown.message;
      return typeof message === 'string' ? message : inspectValue(message);
    }
  } catch {
    return unreadable;
  }
  return inspectValue(thrown);
}

const unreadable = "an error whose message can't be read";

function inspectAny(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return shorten(JSON.stringify(value));
    case 'bigint':
      return `${String(value)}n`;
    case 'function':
      return value.name === '' ? 'a function' : `function ${value.name}`;
    case 'object':
      return inspectObject(value);
    default:
      return String(value);
  }
}

function inspectObject(value: object | null): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${String(value.length)}`;
  if (value instanceof Date) return 'a Date';
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  if (typeof name === 'string' && name !== '' && name !== 'Object')
    return `an instance of ${name}${calledOf(value)}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? '{}' : shorten(`an object with ${keys.map((key) => `'${key}'`).join(', ')}`);
}

/** What a handle, a workflow or whatever else calls itself. */
function calledOf(value: object): string {
  const { id, name } = value as { readonly id?: unknown; readonly name?: unknown };
  const called = id ?? name;
  return typeof called === 'string' && called !== '' ? ` called ${shorten(JSON.stringify(called))}` : '';
}

function shorten(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
