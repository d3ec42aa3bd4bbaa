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
    return "an error whose message can't be read";
  }
  return inspectValue(thrown);
}

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
  if (typeof name === 'string' && name !== '' && name !== 'Object') return `an instance of ${name}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? '{}' : shorten(`an object with ${keys.map((key) => `'${key}'`).join(', ')}`);
}

function shorten(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
