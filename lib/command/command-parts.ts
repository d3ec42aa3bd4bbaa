import { type Command, Option } from 'commander';
import type { Store } from '../store/store.ts';
import { exitCodes } from './exit.ts';
import { defaultStore, openStore } from './open-store.ts';
import { type Terminal, writeJson, writeLines } from './terminal.ts';

/** The options that all commands have that look into a store. */
export interface CommonOptions {
  readonly store: string;
  readonly json?: boolean;
}

/** What commands are made with. */
export interface CommandParts {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Hears what the process should end with. */
  readonly ended: (code: number) => void;
  /** Makes a command that looks into a store. */
  readonly looking: (name: string, summary: string) => Command;
  /** Does something with the store that was named, and lets go of it. */
  readonly withStore: (options: CommonOptions, work: (store: Store) => Promise<void>) => Promise<void>;
  /** Tells what was asked for: as JSON, or in words. */
  readonly say: (options: CommonOptions, data: unknown, text: () => string) => void;
}

export function commandParts(
  program: Command,
  terminal: Terminal,
  ended: (code: number) => void,
): CommandParts {
  return {
    program,
    terminal,
    ended,
    looking: (name, summary) =>
      program
        .command(name)
        .summary(summary)
        .addOption(storeOption())
        .addOption(jsonOption())
        .addOption(verboseOption()),
    async withStore(options, work) {
      const store = openStore(options.store);
      try {
        await work(store);
      } finally {
        await store[Symbol.asyncDispose]();
      }
    },
    say(options, data, text) {
      if (options.json === true) writeJson(terminal, data);
      else writeLines(terminal.out, text());
      ended(exitCodes.done);
    },
  };
}

export const storeOption = (): Option =>
  new Option('--store <place>', 'where runs are kept: a folder, or a file of SQLite (*.db)').default(
    defaultStore,
  );
export const jsonOption = (): Option => new Option('--json', 'data as JSON on stdout');
export const verboseOption = (): Option => new Option('--verbose', 'errors with all that is known of them');
