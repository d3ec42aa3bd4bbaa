import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import { builtinModule } from '../base/host.ts';

interface DelayHistogram {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  percentile(share: number): number;
  enable(): boolean;
  disable(): boolean;
  reset(): void;
}

interface PerfHooks {
  monitorEventLoopDelay?(options: { readonly resolution: number }): DelayHistogram;
}

/** How exact it is, in ms: what is due waits at least so long, which isn't the loop's fault and is taken off. */
const resolution = 10;

/** How late timers of this thread come, under OpenTelemetry's names; nothing where the host can't tell. Gives what ends it. */
export function meterEventLoop(meter: Meter): () => void {
  const delays = (builtinModule('node:perf_hooks') as PerfHooks | undefined)?.monitorEventLoopDelay?.({
    resolution,
  });
  if (delays === undefined) return () => undefined;
  delays.enable();
  const gauges = (['mean', 'max', 'p50', 'p90', 'p99'] as const).map((name) => {
    const gauge = meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, {
      description: 'How late the event loop was, since the last look',
      unit: 's',
    });
    return { name, gauge };
  });
  const observe = (result: BatchObservableResult): void => {
    for (const { name, gauge } of gauges) {
      const nanoseconds =
        name === 'mean' || name === 'max' ? delays[name] : delays.percentile(Number(name.slice(1)));
      // Without a sample there is no number, or none that means something.
      if (delays.max > 0 && Number.isFinite(nanoseconds))
        result.observe(gauge, Math.max(0, nanoseconds / 1e9 - resolution / 1e3));
    }
    delays.reset();
  };
  const observed = gauges.map(({ gauge }) => gauge);
  meter.addBatchObservableCallback(observe, observed);
  return () => {
    meter.removeBatchObservableCallback(observe, observed);
    delays.disable();
  };
}
