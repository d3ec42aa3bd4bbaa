import type { Tracer } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

/** A tracer whose spans can be read once they have ended. */
export function recorder(): { readonly tracer: Tracer; readonly spans: () => ReadableSpan[] } {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  onTestFinished(() => provider.shutdown());
  return { tracer: provider.getTracer('test'), spans: () => exporter.getFinishedSpans() };
}

export function named(spans: readonly ReadableSpan[], name: string): ReadableSpan[] {
  return spans.filter((span) => span.name === name);
}

/** The id of the only span of a name. */
export function idOf(spans: readonly ReadableSpan[], name: string): string | undefined {
  return named(spans, name)[0]?.spanContext().spanId;
}

/** The id of its parent. */
export function parentOf(spans: readonly ReadableSpan[], name: string): string | undefined {
  return named(spans, name)[0]?.parentSpanContext?.spanId;
}
