import type { OptionChecker } from '../base/option-checker.ts';

/**
 * Where Redis is: a URL (`redis://host:6379`, `rediss://user:password@host:6380/2` for TLS), or its parts.
 *
 * Messages name host and port, never user or password.
 */
export type RedisConnection =
  | string
  | URL
  | {
      /** @defaultValue '127.0.0.1' */
      readonly host?: string | undefined;
      /** @defaultValue 6379 */
      readonly port?: number | undefined;
      /** @defaultValue none */
      readonly username?: string | undefined;
      /** @defaultValue none */
      readonly password?: string | undefined;
      /** Which of its databases. Messages go through all of them. @defaultValue 0 */
      readonly db?: number | undefined;
      /** The options of Node's `tls.connect`; `{}` for TLS with what it does by default. @defaultValue no TLS */
      readonly tls?: object | undefined;
    };

/** A connection, read. */
export interface RedisParts {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: object | undefined;
}

const partNames = ['host', 'port', 'username', 'password', 'db', 'tls'] as const;
const expected = "a URL, as in 'redis://localhost:6379', or { host, port }";

/** Reads a connection; what can't be used is noted with the checker, without showing a password. */
export function parseConnection(
  checker: OptionChecker,
  option: string,
  connection: RedisConnection,
): RedisParts | undefined {
  if (typeof connection === 'string' || connection instanceof URL)
    return parseUrl(checker, option, String(connection));
  if (typeof connection !== 'object' || (connection as unknown) === null)
    return checker.fail(option, expected, connection);
  checker.knownKeys(`${option}.`, connection, partNames);
  const { tls } = connection;
  return {
    host: checker.text(`${option}.host`, connection.host) ?? '127.0.0.1',
    port: checker.finiteCount(`${option}.port`, connection.port, 1) ?? 6379,
    username: checker.text(`${option}.username`, connection.username),
    password: connection.password,
    db: checker.finiteCount(`${option}.db`, connection.db, 0) ?? 0,
    tls: tls !== undefined && checker.record(`${option}.tls`, tls) ? tls : undefined,
  };
}

function parseUrl(checker: OptionChecker, option: string, text: string): RedisParts | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const db = Number(url?.pathname.replace(/^\//, '') ?? 0);
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !Number.isInteger(db))
    return checker.fail(option, expected, url === undefined ? 'another text' : `${url.protocol}//…`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    db,
    tls: url.protocol === 'rediss:' ? {} : undefined,
  };
}

/** Where it is, for messages. */
export function addressOf({ host, port, db, tls }: RedisParts): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  const path = db === 0 ? '' : `/${String(db)}`;
  return `${tls === undefined ? 'redis' : 'rediss'}://${shown}:${String(port)}${path}`;
}
