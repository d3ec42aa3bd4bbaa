import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runExample } from './support/example.ts';
import type { ServerStats } from './support/server.program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hooks = ['--import', './scripts/report-page-hooks.mjs'];

interface Answer {
  /** `left` where the client has gone before there was one. */
  readonly status: number | 'left';
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks once; a client that is not patient leaves after so long, in ms. */
function ask(url: string, agent: Agent, patience = Infinity): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const left = (): void => {
      resolve({ status: 'left', headers: {}, body: '' });
      asked.destroy();
    };
    const asked = request(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on('error', (error) => {
      if (patience === Infinity) reject(error);
    });
    asked.end();
    if (patience === Infinity) return;
    // It has asked by then, and so it leaves while the server is at it, at whatever point: after real time, since no condition says which.
    asked.on('socket', () => {
      setTimeout(left, patience);
    });
  });
}

/** Waits until the database works on the two queries of a report; `url` is that of reports. */
async function databaseAtWork(url: string, agent: Agent): Promise<void> {
  for (let taken = 0; taken < 2; ) {
    const { body } = await ask(url.replace(/report$/, 'usage'), agent);
    taken = (JSON.parse(body) as ServerStats['usage']).resources['db']?.taken ?? 0;
  }
}

/** The server in a process of its own. */
async function startProgram() {
  const child: ChildProcess = fork(fileURLToPath(new URL('./support/server.program.ts', import.meta.url)), {
    cwd: root,
    execArgv: ['--import', 'tsx', '-C', 'millrace:source', ...hooks, '--expose-gc'],
    silent: true,
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const heard = async (): Promise<unknown> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error(`the server has ended: ${stderr}`);
      }),
    ])) as [unknown];
    return message;
  };
  const { url } = (await heard()) as { readonly url: string };
  return {
    url,
    stats: (): Promise<ServerStats> => {
      child.send('stats');
      return heard() as Promise<ServerStats>;
    },
    close: async (): Promise<{ readonly code: unknown; readonly stderr: string }> => {
      child.send('close');
      const [code] = (await once(child, 'exit')) as [unknown];
      return { code, stderr };
    },
  };
}

describe('the server example', { timeout: 120_000 }, () => {
  test('holds its limits under 10,000 requests of clients of which a tenth leaves early', async () => {
    const server = await startProgram();
    const clients = 64;
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    onTestFinished(() => {
      agent.destroy();
    });
    const statuses = new Map<Answer['status'], number>();
    const play = async (count: number): Promise<void> => {
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) {
          const patience = left % 10 === 0 ? (left / 10) % 4 : Infinity;
          const { status, headers, body } = await ask(`${server.url}/report?city=Lisbon`, agent, patience);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 200) expect(JSON.parse(body)).toMatchObject({ city: 'Lisbon', people: 600_000 });
          if (status === 503) {
            expect(headers['retry-after']).toBe('1');
            // One may have just ended, and the first of those that wait not yet have taken its place.
            expect(body).toMatch(
              /shared limits 'server', (?:40|39) runs of at most 40 are under way, and 16 wait/,
            );
            // As it was told to, in real time, though not for so long.
            await sleep(5);
          }
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
    };
    await play(2000);
    const before = await server.stats();
    await play(8000);
    let after = await server.stats();
    // Whoever has gone last may still be noticed.
    while (after.usage.running > 0) after = await server.stats();

    expect([...statuses.keys()].sort()).toStrictEqual([200, 503, 'left']);
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(10_000);
    // A few of those who would leave have their answer before.
    expect(statuses.get('left')).toBeGreaterThan(100);
    expect(statuses.get(200)).toBeGreaterThan(1000);
    // As the database counts for itself: as many as may be, and never more.
    expect(after.peak).toBe(8);
    expect(after.connected).toBe(0);
    expect(after.usage).toMatchObject({
      running: 0,
      waiting: 0,
      inLine: 0,
      resources: { db: { taken: 0 }, 'heavy-cpu': { taken: 0 }, runs: { taken: 0 } },
    });
    // A few kilobytes a request at most, compiled code included, where one that is kept would be some twenty.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(40_000_000);
    // Nothing was rejected that nobody has heard of: that would have ended it.
    expect(await server.close()).toStrictEqual({ code: 0, stderr: '' });
  });

  // Windows has no signals that a process could send to another.
  test.skipIf(process.platform === 'win32')(
    'answers what has come in when it is interrupted, then ends',
    async () => {
      const agent = new Agent();
      let answer: Promise<Answer> | undefined;
      const { code, stdout, stderr } = await runExample(
        'server',
        ['--port', '0', '--dashboard', '0', '--latency', '300'],
        (written, kill) => {
          const url = /^reports at (\S+)\?city/.exec(written)?.[1];
          if (url === undefined || !written.includes('the runs at ') || answer !== undefined) return;
          answer = ask(`${url}?city=Rome`, agent);
          void databaseAtWork(url, agent).then(() => {
            kill('SIGINT');
          });
        },
        hooks,
      );
      expect(stderr).toBe('');
      expect(await answer).toMatchObject({ status: 200 });
      expect(stdout).toMatch(/\nanswering what has come in\ndone: 2 queries, 2 at once at most\n$/);
      expect(code).toBe(0);
    },
  );

  test.skipIf(process.platform === 'win32')('ends what is under way at the second interruption', async () => {
    const agent = new Agent();
    let answer: Promise<Answer> | undefined;
    let isAgain = false;
    const { code, stdout } = await runExample(
      'server',
      ['--port', '0', '--dashboard', '0', '--latency', '60000'],
      (written, kill) => {
        const url = /^reports at (\S+)\?city/.exec(written)?.[1];
        if (url !== undefined && written.includes('the runs at ') && answer === undefined) {
          answer = ask(`${url}?city=Rome`, agent);
          void databaseAtWork(url, agent).then(() => {
            kill('SIGTERM');
          });
        } else if (written.includes('answering') && !isAgain) {
          isAgain = true;
          kill('SIGTERM');
        }
      },
      hooks,
    );
    expect(await answer).toMatchObject({ status: 503, body: '{"error":"the server stops"}\n' });
    expect(stdout).toContain('\nending what is under way\ndone: 2 queries');
    expect(code).toBe(0);
  });
});
