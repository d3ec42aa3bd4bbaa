import { defineWorkflow, step, workflow } from 'millrace';
import { estimate } from 'millrace/operators';
import { simulate } from 'millrace/simulate';
import { firstValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ownOf, setOwn } from '../../lib/base/record.ts';

const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'plain'];

describe.each(names)('under the name %s', (name) => {
  test('a record keeps what it is given, and nothing else', () => {
    const record: Record<string, number> = {};
    expect(ownOf(record, name)).toBeUndefined();
    setOwn(record, name, 1);
    setOwn(record, name, 2);
    expect([ownOf(record, name), Object.entries(record)]).toStrictEqual([2, [[name, 2]]]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  });

  test('a class is simulated by its limit', () => {
    const resource = Object.fromEntries([[name, 1]]);
    const steps = ['a', 'b', 'c'].map((id) => step(id, () => id, { resource, estimate: 10 }));
    const many = workflow('many', Object.fromEntries(steps.map((each) => [each.id, each])));
    const other = step('other', () => 1, { resource: 'plainer', estimate: 10 });
    const mixed = workflow('mixed', { other, ...Object.fromEntries(steps.map((each) => [each.id, each])) });
    const limits = Object.fromEntries([
      [name, 1],
      ['plainer', 1],
    ]);
    expect(simulate(many, { limits: Object.fromEntries([[name, 1]]) }).makespan).toBe(30);
    expect(simulate(mixed, { limits }).makespan).toBe(30);
  });

  test('a step without a weight of its own weighs nothing', () => {
    const { graph } = defineWorkflow('odd', [{ id: name, run: () => 1 }]);
    expect(graph.criticalPath({})).toMatchObject({ steps: [name], length: 0 });
  });

  test('a step without a history is estimated by what it says', async () => {
    const stuck = step(name, () => new Promise(() => undefined), { estimate: '1h' });
    const run = workflow('odd', { stuck }).run();
    const estimated = firstValueFrom(run.progress$.pipe(estimate(run, { history: { steps: {} } })));
    run.result$.subscribe({ error: () => undefined });
    expect((await estimated).remaining?.likely).toBeGreaterThan(1_000_000);
    run.cancel();
  });
});
