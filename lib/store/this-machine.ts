import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { every, machineMs, pause, wallMs } from './host-time.ts';
import type { Identity, Machine } from './owner.ts';

/** This process, and what it can know of others. What the system tells is read once. */
export function thisMachine(): Machine {
  machine ??= {
    self: {
      host: hostname(),
      boot: fileText('/proc/sys/kernel/random/boot_id'),
      space: `${linkText('/proc/self/ns/pid')} ${linkText('/proc/self/ns/time')}`.trim(),
      pid: process.pid,
      start: startOf(process.pid) ?? '',
      thread: threadId,
    } satisfies Identity,
    held: new Set(),
    machineMs,
    wallMs,
    startOf,
    every,
    pause,
  };
  return machine;
}

let machine: Machine | undefined;

function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // What may not be sent a signal is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const stat = fileText(`/proc/${String(pid)}/stat`);
  // The name of the program, in brackets, may have anything in it.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Its parent hasn't asked yet how it ended.
  if (state === 'Z' || state === 'X') return undefined;
  return fields[startField] ?? '';
}

/** Among the fields after the state: `starttime`, in ticks since the machine was started. */
const startField = 18;

function fileText(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

function linkText(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
