/*
 * What the snippets of the documentation take for granted beside the exports of the entries, which they get as
 * imports: things that a reader imagines. A snippet's own declarations go before these.
 */
type Step<Out> = import('millrace').Step<Out, never>;
type Observable<Value> = import('rxjs').Observable<Value>;

interface Table {
  readonly rows: readonly number[];
}
interface Image {
  readonly pixels: Uint8Array<ArrayBuffer>;
}
interface ImaginedFile {
  readonly size: number;
}

declare const flights: import('millrace').Workflow<
  { readonly report: string; readonly delays: readonly number[] },
  readonly ['path', string]
>;
declare const run: import('millrace').Run<{ readonly report: string; readonly delays: readonly number[] }>;
declare const pool: import('millrace/workers').ThreadPool<typeof import('./flights.worker.js').tasks>;

declare const connection: string;
declare const scene: Step<string>;
declare const remote: import('millrace/bullmq').RemoteTasks<{
  readonly render: (scene: string) => Image;
  readonly delaysByAirport: (table: Table) => readonly number[];
}>;

declare const path: string;
declare const path$: Observable<string>;
declare const table: Step<Table> & Table;
declare const delays: Step<readonly number[]>;
declare const routes: Step<readonly string[]>;
declare const urls: Step<readonly string[]>;
declare const page: Step<string>;
declare const image: Image;
declare const photo: Step<string>;
declare const order: Step<string>;
declare const payments: string;
declare function shrink(name: string, to?: string): Promise<Image>;
declare const error: unknown;
declare const store: import('millrace/store').Store;
declare const inputs: { readonly path: string };
declare function emptyBucket(): Promise<URL>;
declare function bucketBackend(bucket: URL): import('millrace/store').StoreBackend;
declare const failing: import('millrace').Workflow<{ readonly report: string }, never>;
declare function uploadTo(place: string): Step<string>;
declare const inPages: Step<string>;
declare const onOnePage: Step<string>;
declare const publishing: import('millrace').Workflow<{ readonly url: string }, readonly ['album', string]>;
declare const images$: Observable<Image>;
declare const addresses: readonly string[];
declare const files: readonly ImaginedFile[];
declare const files$: Observable<ImaginedFile>;
declare const signal: AbortSignal;
/** A browser's, as no snippet needs more of the DOM. */
declare const Worker: new (
  url: URL,
  options: { readonly type: 'module' },
) => { postMessage(message: unknown, list?: readonly object[]): void; terminate(): void };
declare const url: URL;
declare const tasks: typeof import('./flights.worker.js').tasks;
declare const token: import('millrace').CancellationToken;

declare function search(page: string): Observable<readonly string[]>;
declare function fetchPage(address: string): Promise<string>;
declare function convert(file: ImaginedFile): Promise<ImaginedFile>;
declare function save(image: Image): void;
declare function orders(): AsyncIterable<{ readonly customer: string }>;
declare function deliver(order: { readonly customer: string }): Promise<string>;
declare function trainModel(inputs: { readonly table: Table }): Promise<string>;
declare function readEverything(): Promise<Table>;
declare function retryWithLess(): void;

/** The pipeline that the page on testing begins with. */
declare const pipeline: import('millrace').Workflow<{ readonly report: string }, never>;
declare function readTable(path: string): Promise<Table>;
