import { bytesExpected, parseBytes } from '../base/bytes.ts';
import { availableMemory, availableParallelism, environmentVariable } from '../base/host.ts';
import type { OptionChecker } from '../base/option-checker.ts';

/** The share of the machine's memory that a run may plan with by default. */
const memoryShare = 0.75;

const variables = new Map([
  ['heavy-cpu', 'MILLRACE_CPU_THREADS'],
  ['heavy-io', 'MILLRACE_IO_CONCURRENCY'],
  ['light-io', 'MILLRACE_IO_CONCURRENCY'],
  ['memory', 'MILLRACE_MEMORY'],
  ['concurrency', 'MILLRACE_CONCURRENCY'],
]);

const machineLimits = new Map<string, () => number>([
  ['heavy-cpu', availableParallelism],
  ['light-cpu', () => 4 * availableParallelism()],
  ['heavy-io', () => 2 * availableParallelism()],
  ['light-io', () => 64],
  ['memory', () => Math.floor(memoryShare * availableMemory())],
]);

/** What the machine offers of a class; `undefined` for one of the user's own. */
export function machineLimit(name: string): number | undefined {
  return machineLimits.get(name)?.();
}

/** Whether the machine has a limit for a class. */
export function hasMachineLimit(name: string): boolean {
  return machineLimits.has(name);
}

/** What the environment says of a class, or of `concurrency`; what can't be used is noted with the checker. */
export function environmentLimit(checker: OptionChecker, name: string): number | undefined {
  const variable = variables.get(name);
  const text = variable === undefined ? undefined : environmentVariable(variable);
  if (variable === undefined || text === undefined) return undefined;
  const amount = name === 'memory' ? (parseBytes(text) ?? parseBytes(Number(text))) : Number(text);
  const isWhole = name === 'memory' || Number.isInteger(amount) || amount === Infinity;
  if (amount !== undefined && amount > 0 && isWhole) return amount;
  const expected = name === 'memory' ? bytesExpected : 'a whole number of at least 1';
  return checker.fail(`the environment variable ${variable}`, expected, text);
}
