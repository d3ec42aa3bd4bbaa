import { describe, expect, test } from 'vitest';
import { memory, parseDemand, type Resource } from '../../lib/admission/demand.ts';
import { distinctDemands } from '../../lib/admission/distinct-demands.ts';
import { InvalidOptionsError } from '../../lib/base/errors.ts';
import { OptionChecker } from '../../lib/base/option-checker.ts';

function demandOf(resource: Resource | undefined): object {
  const checker = new OptionChecker();
  const demand = parseDemand(checker, 'resource', resource);
  checker.throwIfAny("step('a')");
  return demand;
}

describe('a resource is read into amounts by class', () => {
  test.each<[Resource | undefined, object]>([
    [undefined, { 'light-cpu': 1 }],
    ['default', { 'light-cpu': 1 }],
    ['heavy-io', { 'heavy-io': 1 }],
    ['gpu', { gpu: 1 }],
    [memory('1KiB'), { memory: 1024 }],
    [{}, {}],
    [[], {}],
    [{ gpu: 0, cpu: undefined }, {}],
    [{ default: 2 }, { 'light-cpu': 2 }],
    [
      { memory: '1MiB', gpu: 0.5 },
      { gpu: 0.5, memory: 2 ** 20 },
    ],
    [['gpu', 'gpu', memory(1), { memory: 2, db: 3 }], { db: 3, gpu: 2, memory: 3 }],
  ])('%o', (resource, demand) => {
    expect(demandOf(resource)).toStrictEqual(demand);
  });

  test('the same demand is the same JSON, however it was written', () => {
    const json = '{"gpu":1,"memory":1024}';
    expect(JSON.stringify(demandOf(['gpu', memory(1024)]))).toBe(json);
    expect(JSON.stringify(demandOf({ memory: '1KiB', gpu: 1 }))).toBe(json);
  });
});

describe('what can not be read is named', () => {
  test.each<[resource: unknown, message: string]>([
    ['', 'expected resource to be a class'],
    ['concurrency', 'expected resource to be a class'],
    ['memory', "expected resource to be an amount of memory, as in memory('256MiB')"],
    [5, 'expected resource to be a class'],
    [null, 'expected resource to be a class'],
    [{ gpu: -1 }, "expected resource['gpu'] to be a finite number of at least 0"],
    [{ memory: 'lots' }, 'expected resource.memory to be'],
    [['gpu', { db: Number.NaN }], "expected resource[1]['db'] to be a finite number of at least 0"],
  ])('%o', (resource, message) => {
    expect(() => demandOf(resource as Resource)).toThrow(InvalidOptionsError);
    expect(() => demandOf(resource as Resource)).toThrow(message);
  });

  test('so is an amount of memory', () => {
    expect(() => memory('lots' as '1GiB')).toThrow(/^memory: expected amount to be .*, got "lots"$/);
  });
});

test('of many demands each distinct one is kept once', () => {
  const gpu = Object.freeze({ gpu: 1 });
  const { distinct, places } = distinctDemands([gpu, { db: 1 }, gpu, { gpu: 1 }]);
  expect(distinct).toStrictEqual([{ gpu: 1 }, { db: 1 }]);
  expect([...places]).toStrictEqual([0, 1, 0, 0]);
});
