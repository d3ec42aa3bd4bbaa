/** Values that make careless code throw when it looks at them, each made anew. */

function unreadable(key: string): Error {
  const error = new Error('odd');
  Object.defineProperty(error, key, {
    enumerable: true,
    get: () => {
      throw new Error(`no ${key}`);
    },
  });
  return error;
}

/** Throws whatever it is asked. */
function hostile(target: object): object {
  const refuse = (): never => {
    throw new Error('no');
  };
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'];
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, refuse])));
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function circle(): object {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
}

function causes(length: number): Error {
  let chain = new Error('0');
  for (let depth = 1; depth < length; depth++) chain = new Error(String(depth), { cause: chain });
  return chain;
}

function withMessage(message: unknown): Error {
  return Object.defineProperty(new Error('odd'), 'message', { value: message });
}

export const oddValues: readonly (readonly [what: string, make: () => unknown])[] = [
  ...['message', 'code', 'name', 'stack', 'cause', 'errors', 'chain'].map(
    (key) => [`an Error whose ${key} can't be read`, () => unreadable(key)] as const,
  ),
  ['an Error whose message is a circle', () => withMessage(circle())],
  ['an Error whose message is a BigInt', () => withMessage(5n)],
  ['an Error whose message is a symbol', () => withMessage(Symbol('odd'))],
  ['an Error whose message has no text', () => withMessage(Object.create(null))],
  ['an Error whose name is an object', () => Object.assign(new Error('odd'), { name: {}, code: [] })],
  [
    'a cause of itself',
    () => {
      const error = new Error('odd');
      error.cause = error;
      return error;
    },
  ],
  [
    'two causes of each other',
    () => {
      const first = new Error('first');
      first.cause = new Error('second', { cause: first });
      return first;
    },
  ],
  ['5,000 causes', () => causes(5_000)],
  ['a cause that was revoked', () => new Error('odd', { cause: revoked(new Error('gone')) })],
  ['a cause that throws whatever it is asked', () => new Error('odd', { cause: hostile(new Error('gone')) })],
  [
    'several odd failures',
    () =>
      new AggregateError(
        [1n, revoked({}), hostile([]), circle(), undefined, Symbol('odd'), unreadable('message')],
        'several',
      ),
  ],
  ['no failures at all', () => Object.assign(new AggregateError([], 'none'), { errors: 5n })],
  ['a list that was revoked, as failures', () => Object.assign(new Error('odd'), { errors: revoked([]) })],
  ['what was revoked', () => revoked(new Error('gone'))],
  ['what throws whatever it is asked', () => hostile(new Error('gone'))],
  ['an Error that has no class', () => Object.setPrototypeOf(new Error('odd'), null) as unknown],
  ['an invalid Date', () => new Date(Number.NaN)],
  ['a BigInt in a record', () => ({ id: 5n })],
  ['a circle', circle],
  ['a function that has no name', () => Object.defineProperty(() => 1, 'name', { value: 5n })],
  [
    'a toJSON that throws',
    () => ({
      toJSON: () => {
        throw new Error('no');
      },
    }),
  ],
];
