import { nearestName } from '../base/nearest.ts';
import { type Workflow, workflowMark } from '../workflow.ts';
import { UsageError } from './exit.ts';
import type { ModuleExports } from './load-module.ts';

/** The workflow that a module exports: the one there is, or the one that is named, by its own name or that of the export. */
export function findWorkflow(module: string, exports: ModuleExports, named: string | undefined): Workflow {
  const found = workflowsIn(exports);
  if (named !== undefined) {
    const match = found.find(({ name, workflow }) => workflow.name === named || name === named);
    if (match !== undefined) return match.workflow;
    const meant = nearestName(
      named,
      found.map(({ workflow }) => workflow.name),
    );
    const hint = meant === undefined ? whatThereIs(exports, found) : `did you mean '${meant}'?`;
    throw new UsageError(`${module} exports no workflow '${named}'; ${hint}`);
  }
  const [first, ...others] = found;
  if (first === undefined)
    throw new UsageError(`${module} exports no workflow; ${whatThereIs(exports, found)}`);
  if (others.length > 0)
    throw new UsageError(
      `${module} exports ${String(found.length)} workflows; say which with --workflow: ${found.map(({ workflow }) => `'${workflow.name}'`).join(', ')}`,
    );
  return first.workflow;
}

interface Found {
  readonly name: string;
  readonly workflow: Workflow;
}

/** Each once, however often it is exported. */
function workflowsIn(exports: ModuleExports): readonly Found[] {
  const found = new Map<Workflow, Found>();
  for (const [name, value] of Object.entries(exports))
    if (isWorkflow(value) && !found.has(value)) found.set(value, { name, workflow: value });
  return [...found.values()];
}

/** Known by its mark: the module may have another copy of millrace. */
function isWorkflow(value: unknown): value is Workflow {
  return typeof value === 'object' && value !== null && (value as Partial<Workflow>)[workflowMark] === true;
}

function whatThereIs(exports: ModuleExports, found: readonly Found[]): string {
  if (found.length > 0) return `it has ${found.map(({ workflow }) => `'${workflow.name}'`).join(', ')}`;
  const names = Object.keys(exports);
  if (names.length === 0) return 'it exports nothing: export what workflow() gives';
  // A name in capitals is a class.
  const maker = names.find((name) => typeof exports[name] === 'function' && /^[a-z]/.test(name));
  const hint = maker === undefined ? '' : ` ('${maker}' is a function: export the workflow that it gives)`;
  return `it exports ${names.map((name) => `'${name}'`).join(', ')}: export what workflow() gives${hint}`;
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
