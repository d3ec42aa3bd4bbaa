import type { Meter } from '@opentelemetry/api';

/** From 5 ms to half an hour: in seconds, as OpenTelemetry measures durations. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

/** What is said of an instrument. */
type Told = readonly [name: string, description: string, unit?: string];

/** Makes instruments of a meter, a line each. */
export function makersOf(meter: Meter) {
  const options = (description: string, unit?: string) =>
    unit === undefined ? { description } : { description, unit };
  return {
    histogram: (...[name, description]: Told) =>
      meter.createHistogram(name, {
        ...options(description, 's'),
        advice: { explicitBucketBoundaries: boundaries },
      }),
    counter: (...[name, ...told]: Told) => meter.createCounter(name, options(...told)),
    upDown: (...[name, ...told]: Told) => meter.createUpDownCounter(name, options(...told)),
    readCounter: (...[name, ...told]: Told) => meter.createObservableCounter(name, options(...told)),
    readUpDown: (...[name, ...told]: Told) => meter.createObservableUpDownCounter(name, options(...told)),
    readGauge: (...[name, ...told]: Told) => meter.createObservableGauge(name, options(...told)),
  };
}

/** What is measured of runs. Names and units follow OpenTelemetry's conventions. */
export function runInstruments(meter: Meter) {
  const make = makersOf(meter);
  return {
    runDuration: make.histogram('millrace.run.duration', 'How long runs took'),
    activeRuns: make.upDown('millrace.run.active', 'Runs under way', '{run}'),
    stepDuration: make.histogram('millrace.step.duration', 'How long attempts of steps took'),
    stepWait: make.histogram(
      'millrace.step.wait.duration',
      'How long attempts waited once all that they need was there',
    ),
    retries: make.counter(
      'millrace.step.retries',
      'Attempts that failed and were followed by another',
      '{retry}',
    ),
    failures: make.counter('millrace.step.failures', 'Steps that failed for good', '{failure}'),
    reuses: make.counter(
      'millrace.step.reuses',
      'Steps that did not run, as their output was known',
      '{step}',
    ),
    steps: make.readUpDown(
      'millrace.step.count',
      'Steps of the runs under way that are not settled',
      '{step}',
    ),
    usage: make.readUpDown('millrace.resource.usage', 'What is taken of a resource class'),
    limit: make.readUpDown('millrace.resource.limit', 'What there is of a resource class'),
    utilization: make.readGauge(
      'millrace.resource.utilization',
      'The share of a resource class that is taken',
      '1',
    ),
  };
}

export type RunInstruments = ReturnType<typeof runInstruments>;
