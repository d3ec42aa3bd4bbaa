import type { Version } from '../definition/cache-option.ts';
import type { StoreBackend } from './backend.ts';
import { digestOfText } from './digest.ts';
import { differencesOf, type GraphDifference, type StepDescription } from './graph-description.ts';
import type { Head } from './journal-record.ts';
import { ofSteps, type ResumeDifference } from './resume-mismatch-error.ts';

/** How what a run is of has changed, from one time it was taken to another. */
export async function changesBetween(
  backend: StoreBackend,
  before: Head,
  now: Head,
): Promise<readonly ResumeDifference[]> {
  const changes: ResumeDifference[] = [];
  if (before.workflow !== now.workflow)
    changes.push({ subject: 'workflow', what: `was '${before.workflow}' and is '${now.workflow}'` });
  if (before.workflowVersion !== now.workflowVersion)
    changes.push({
      subject: 'workflow',
      what: `had version ${shown(before.workflowVersion)} and has ${shown(now.workflowVersion)}`,
    });
  for (const name of new Set([...Object.keys(before.inputs), ...Object.keys(now.inputs)])) {
    const [was, is] = [before.inputs[name], now.inputs[name]];
    if (was === is) continue;
    const what = was === undefined ? 'is new' : is === undefined ? 'is gone' : 'is another value';
    changes.push({ subject: `inputs.${name}`, what });
  }
  if (before.graph !== now.graph) changes.push(...ofSteps(await graphChanges(backend, before, now)));
  return changes;
}

/** How the steps have changed; nothing where what they were isn't known any more. */
export async function graphChanges(
  backend: StoreBackend,
  before: Head,
  now: Head,
): Promise<readonly GraphDifference[]> {
  if (before.graph === now.graph) return [];
  const [was, is] = await Promise.all([
    describedSteps(backend, before.graph),
    describedSteps(backend, now.graph),
  ]);
  return was === undefined || is === undefined ? [] : differencesOf(was, is);
}

/** What the steps of a graph were; `undefined` where it isn't known any more. */
async function describedSteps(
  backend: StoreBackend,
  graph: string,
): Promise<readonly StepDescription[] | undefined> {
  const bytes = await backend.getObject('blob', graph, false);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  return digestOfText(text) === graph ? (JSON.parse(text) as readonly StepDescription[]) : undefined;
}

function shown(version: Version | undefined): string {
  return version === undefined ? 'none' : JSON.stringify(version);
}
