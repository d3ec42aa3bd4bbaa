/** What is asked of the host besides time: a macrotask, the environment, what the machine offers, how long it has worked, and how a process ends. */

interface HostProcess {
  readonly version?: string;
  readonly platform?: string;
  readonly arch?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  constrainedMemory?(): number | undefined;
  /** In µs. Of Node 23.9 and later. */
  threadCpuUsage?(): CpuUsage;
  cpuUsage?(): CpuUsage;
  getBuiltinModule?(id: string): unknown;
  exitCode?: unknown;
  on?(event: 'beforeExit', listener: () => void): unknown;
}

interface CpuUsage {
  readonly user: number;
  readonly system: number;
}

interface OperatingSystem {
  availableParallelism?(): number;
  totalmem(): number;
}

interface BrowserChannel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(message: unknown): void };
}

const host = globalThis as {
  readonly process?: HostProcess;
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly deviceMemory?: number };
  readonly setImmediate?: (work: () => void) => unknown;
};

// Taken once, as fakes come later: a turn of the event loop is the host's even where a test fakes its time. A fake that was
// there before tells of its clock.
const immediate = isFake(host.setImmediate) ? undefined : host.setImmediate;
// Node loads half of its streams when it is first asked for the name, and has no need of it.
const Channel = immediate === undefined ? MessageChannel : undefined;

function isFake(timer: unknown): boolean {
  return typeof timer === 'function' && 'clock' in timer;
}

/** Runs `work` after the event loop has served timers and I/O. */
export function macrotask(work: () => void): void {
  if (immediate !== undefined) {
    immediate(work);
    return;
  }
  // A browser's nested timers wait at least 4 ms; a message doesn't.
  const { port1, port2 } = new (Channel as typeof MessageChannel)() as unknown as BrowserChannel;
  port1.onmessage = () => {
    port1.close();
    work();
  };
  port2.postMessage(undefined);
}

/** What the host is, in words: as in `Node 24.1.0 on linux x64, 8 cores`. */
export function hostText(): string {
  const { version, platform = '', arch = '' } = host.process ?? {};
  const cores = availableParallelism();
  const what =
    version === undefined ? 'a browser' : `Node ${version.replace(/^v/, '')} on ${platform} ${arch}`;
  return `${what}, ${String(cores)} ${cores === 1 ? 'core' : 'cores'}`;
}

/** An environment variable, or `undefined` where it is unset or empty, or where there is no environment. */
export function environmentVariable(name: string): string | undefined {
  const value = host.process?.env?.[name];
  return value === '' ? undefined : value;
}

/** How many threads the machine runs at once; 4 where it doesn't say. */
export function availableParallelism(): number {
  return operatingSystem()?.availableParallelism?.() ?? host.navigator?.hardwareConcurrency ?? 4;
}

/** The bytes of memory this process may use; 4 GiB where the machine doesn't say. */
export function availableMemory(): number {
  const total = operatingSystem()?.totalmem() ?? (host.navigator?.deviceMemory ?? 4) * 2 ** 30;
  const constrained = host.process?.constrainedMemory?.() ?? 0;
  return constrained > 0 && constrained < total ? constrained : total;
}

/** How long the CPU has worked. */
export interface CpuTime {
  /** In ms. */
  readonly ms: number;
  /** Whether for this thread alone; else for all threads of the process. */
  readonly isOfThread: boolean;
}

/** How long the CPU has worked for this thread, or where the host can't tell that for this process; `undefined` where it tells neither. */
export function cpuTime(): CpuTime | undefined {
  return usageAsTime('threadCpuUsage') ?? usageAsTime('cpuUsage');
}

function usageAsTime(source: 'threadCpuUsage' | 'cpuUsage'): CpuTime | undefined {
  try {
    const usage = host.process?.[source]?.();
    if (usage === undefined) return undefined;
    return { ms: (usage.user + usage.system) / 1_000, isOfThread: source === 'threadCpuUsage' };
  } catch {
    // Not every system tells of its threads.
    return undefined;
  }
}

/** A module that the host brings along, found without an import that a browser couldn't follow. */
export function builtinModule(id: `node:${string}`): unknown {
  return host.process?.getBuiltinModule?.(id);
}

/** A text that tells this thread from all others. Nothing that a run decides may depend on it. */
export function randomTag(): string {
  // eslint-disable-next-line no-restricted-properties -- a name, and no chance that anybody could want to repeat
  return Math.random().toString(36).slice(2);
}

/**
 * Calls `work` whenever this process, or thread, would end by itself since its event loop is empty. It keeps nothing alive. Never called
 * where there is no process, as in browsers.
 */
export function onEmptyEventLoop(work: () => void): void {
  host.process?.on?.('beforeExit', work);
}

/** What the process, or the thread, is to end with; `undefined` as long as nobody has said. */
export function exitCode(): unknown {
  return host.process?.exitCode ?? undefined;
}

export function setExitCode(code: number | undefined): void {
  if (host.process !== undefined) host.process.exitCode = code;
}

interface Events {
  setMaxListeners?(limit: number, target: EventTarget): void;
}

/** Lets any number listen: Node takes more than ten on one signal for a leak, and says so on stderr. */
export function withoutListenerLimit(target: EventTarget): void {
  events ??= (builtinModule('node:events') as Events | undefined) ?? {};
  events.setMaxListeners?.(0, target);
}

let events: Events | undefined;

function operatingSystem(): OperatingSystem | undefined {
  return builtinModule('node:os') as OperatingSystem | undefined;
}
