import type { Meter } from '@opentelemetry/api';

/** From 5 ms to half an hour: in seconds, as OpenTelemetry measures durations. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

/** What is measured of runs. Names and units follow OpenTelemetry's conventions. */
export function runInstruments(meter: Meter) {
  const duration = (name: string, description: string) =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
  return {
    runDuration: duration('millrace.run.duration', 'How long runs took'),
    activeRuns: meter.createUpDownCounter('millrace.run.active', {
      description: 'Runs under way',
      unit: '{run}',
    }),
    stepDuration: duration('millrace.step.duration', 'How long attempts of steps took'),
    stepWait: duration(
      'millrace.step.wait.duration',
      'How long attempts waited once all that they need was there',
    ),
    retries: meter.createCounter('millrace.step.retries', {
      description: 'Attempts that failed and were followed by another',
      unit: '{retry}',
    }),
    failures: meter.createCounter('millrace.step.failures', {
      description: 'Steps that failed for good',
      unit: '{failure}',
    }),
    reuses: meter.createCounter('millrace.step.reuses', {
      description: 'Steps that did not run, as their output was known',
      unit: '{step}',
    }),
    steps: meter.createObservableUpDownCounter('millrace.step.count', {
      description: 'Steps of the runs under way that are not settled',
      unit: '{step}',
    }),
    usage: meter.createObservableUpDownCounter('millrace.resource.usage', {
      description: 'What is taken of a resource class',
    }),
    limit: meter.createObservableUpDownCounter('millrace.resource.limit', {
      description: 'What there is of a resource class',
    }),
    utilization: meter.createObservableGauge('millrace.resource.utilization', {
      description: 'The share of a resource class that is taken',
      unit: '1',
    }),
  };
}

export type RunInstruments = ReturnType<typeof runInstruments>;
