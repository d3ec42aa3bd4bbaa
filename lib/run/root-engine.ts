import { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { blueprintOfHandles } from '../definition/blueprint-of-handles.ts';
import type { Step } from '../definition/handle.ts';
import { type Hostable, HostedGraph, HostedItems, hosted } from '../definition/hosted.ts';
import { isStep } from '../definition/step.ts';
import { Engine } from './engine.ts';
import type { NestedScope } from './executor.ts';
import { FanOut } from './fan-out.ts';
import type { Host } from './host.ts';
import { RecursionLimitError } from './recursion-limit-error.ts';
import { readInputs } from './run-inputs.ts';
import type { RunSettings } from './run-options.ts';

/**
 * The engine of a whole run, with all that its steps may bring.
 *
 * @throws ResourceLimitError where a step demands more than there can be
 */
export function rootEngine(blueprint: Blueprint, settings: RunSettings): Engine {
  return new Engine(blueprint, settings, { open: openScope });
}

/** The scope of steps that do the work of another. */
function openScope(work: Hostable | Step, host: Host): NestedScope {
  const { settings } = host.scope.executor;
  if (host.depth > settings.maxDepth)
    throw new RecursionLimitError(host.attempt.definition.id, settings.maxDepth);
  if (isStep(work)) {
    const { id } = host.attempt.definition;
    const blueprint = blueprintOfHandles(id, { output: work as Step });
    return nestedEngine(new HostedGraph(blueprint, {}, host.scope.onFailure, undefined), host, 'output');
  }
  const steps = (work as Hostable)[hosted]();
  return steps instanceof HostedItems ? new FanOut(steps, host) : nestedEngine(steps, host, undefined);
}

function nestedEngine(graph: HostedGraph, host: Host, pick: string | undefined): Engine {
  const { id } = host.attempt.definition;
  const checker = new OptionChecker();
  const inputs = readInputs(checker, graph.blueprint.inputs, graph.inputs);
  checker.throwIfAny(`the work of step '${id}'`);
  const settings: RunSettings = {
    ...host.scope.executor.settings,
    inputs,
    onFailure: graph.onFailure,
    timeout: graph.timeout,
    token: undefined,
    signal: undefined,
  };
  return new Engine(graph.blueprint.prefixed(`${id}/`, settings.stage), settings, { host, pick });
}
