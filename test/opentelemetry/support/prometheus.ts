import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';

/** A meter whose measures are served as Prometheus reads them. */
export async function prometheus(): Promise<{
  readonly meter: Meter;
  readonly scrape: () => Promise<Samples>;
}> {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const server = createServer((request, response) => {
    exporter.getMetricsRequestHandler(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    server.close();
    await provider.shutdown();
  });
  const { port } = server.address() as AddressInfo;
  return {
    meter: provider.getMeter('test'),
    scrape: async () => new Samples(await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()),
  };
}

/** What Prometheus has read. */
export class Samples {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The samples of a name, by their labels as text, without those that say how a histogram is made. */
  of(name: string): Record<string, number> {
    const lines = this.text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return Object.fromEntries(
      lines.map((line) => {
        const [, labels = '', value] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
        return [labels.replaceAll('millrace_', '').replaceAll('"', ''), Number(value)];
      }),
    );
  }

  /** How many series there are, without those of waits, which depend on how busy the machine is. */
  get size(): number {
    const isSeries = (line: string): boolean => line !== '' && !/^#|^millrace_step_wait/.test(line);
    return this.text.split('\n').filter(isSeries).length;
  }
}
