import {
  forEachStep,
  type Retry,
  type Step,
  type StepContext,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';

type Steps = Readonly<Record<string, Step<unknown, never>>>;

/** A place for steps: what it is called, how they get there, and what their ids begin with in the run. */
export type Place = readonly [name: string, make: (steps: Steps) => Workflow<unknown, never>, prefix: string];

const inARun: Place = ['in a run', (steps) => workflow('w', steps), ''];
const inASubflow: Place = [
  'in a subflow',
  (steps) => workflow('w', { sub: subflow('sub', workflow('inner', steps)) }),
  'sub/',
];
const inAChild: Place = [
  'in a child',
  (steps) => workflow('w', { fan: forEachStep('fan', { items: [1] }, () => workflow('inner', steps)) }),
  'fan[0]/',
];

/** A run's own steps, and those of a part of it. */
export const ownAndParts: readonly Place[] = [inARun, inASubflow];
/** Wherever steps can be. */
export const anywhere: readonly Place[] = [inARun, inASubflow, inAChild];

type Body = (ctx: StepContext) => unknown;

/** One step that does something, wherever there can be one: its name there, how it gets there, and its id in the run. */
export const oneStepAnywhere: readonly (readonly [
  name: string,
  make: (body: Body, retry: Retry) => Workflow<unknown, never>,
  id: string,
])[] = [
  ['a step', (body, retry) => inARun[1]({ one: step('one', body, { retry }) }), 'one'],
  ['a step of a subflow', (body, retry) => inASubflow[1]({ one: step('one', body, { retry }) }), 'sub/one'],
  [
    'a child',
    (body, retry) =>
      workflow('w', { fan: forEachStep('fan', { items: [1] }, (_, __, ctx) => body(ctx), { retry }) }),
    'fan[0]',
  ],
];
