import { hintOr } from '../base/nearest.ts';
import { type Workflow, workflowMark } from '../workflow.ts';
import { UsageError } from './exit.ts';
import type { ModuleExports } from './load-module.ts';

/** The workflow that a module exports: the one there is, or the one that is named, by its own name or that of the export. */
export function findWorkflow(module: string, exports: ModuleExports, named: string | undefined): Workflow {
  const found = new Map<string, Workflow>();
  for (const [name, value] of Object.entries(exports)) if (isWorkflow(value)) found.set(name, value);
  const workflows = [...new Set(found.values())];
  const names = [...new Set(workflows.map(({ name }) => name))].sort();
  if (named !== undefined) {
    const match = workflows.find(({ name }) => name === named) ?? found.get(named);
    if (match !== undefined) return match;
    const hint = hintOr(whatThereIs(exports, names), named, [...names, ...found.keys()]);
    throw new UsageError(`${module} exports no workflow '${named}'; ${hint}`);
  }
  const [first, ...others] = workflows;
  if (first === undefined)
    throw new UsageError(`${module} exports no workflow; ${whatThereIs(exports, names)}`);
  if (others.length > 0)
    throw new UsageError(
      `${module} exports ${String(workflows.length)} workflows; say which with --workflow: ${quoted(names)}`,
    );
  return first;
}

/** Known by its mark: the module may have another copy of millrace. */
function isWorkflow(value: unknown): value is Workflow {
  return typeof value === 'object' && value !== null && (value as Partial<Workflow>)[workflowMark] === true;
}

function whatThereIs(exports: ModuleExports, workflows: readonly string[]): string {
  if (workflows.length > 0) return `it has ${quoted(workflows)}`;
  const names = Object.keys(exports);
  if (names.length === 0) return 'it exports nothing: export what workflow() gives';
  // A name in capitals is a class.
  const maker = names.find((name) => typeof exports[name] === 'function' && /^[a-z]/.test(name));
  const hint = maker === undefined ? '' : ` ('${maker}' is a function: export the workflow that it gives)`;
  return `it exports ${quoted(names)}: export what workflow() gives${hint}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/** Closes the pools that a module exports, so that their threads end. */
export async function closePools(exports: ModuleExports): Promise<void> {
  const pools = Object.values(exports).filter(isPool);
  await Promise.allSettled(pools.map((pool) => pool.close()));
}

interface Closable {
  close(): Promise<unknown>;
}

function isPool(value: unknown): value is Closable {
  if (typeof value !== 'object' || value === null) return false;
  const { close, task, prewarm } = value as Readonly<Record<string, unknown>>;
  return [close, task, prewarm].every((method) => typeof method === 'function');
}
