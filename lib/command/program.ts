import { Command } from 'commander';
import { commandParts } from './command-parts.ts';
import { completionCommands } from './completion-commands.ts';
import { lookCommands } from './look-commands.ts';
import { moduleCommands } from './module-commands.ts';
import { pictureCommands } from './picture-commands.ts';
import { storeCommands } from './store-commands.ts';
import type { Terminal } from './terminal.ts';
import { workCommand } from './work-command.ts';

/** How a command is carried out. */
export interface ProgramTerms {
  readonly terminal: Terminal;
  readonly version: string;
  /** Hears what the process should end with. */
  readonly ended: (code: number) => void;
}

/** All that the command can do. */
export function programOf({ terminal, version, ended }: ProgramTerms): Command {
  const program = new Command('millrace')
    .description('Runs workflows, goes on where they stopped, and tells what became of them.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
      outputError: (text, write) => {
        const said = text.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\)/, '; did you mean $1');
        write(`millrace: ${said}`);
      },
    })
    .addHelpText('after', exitCodesHelp);
  const parts = commandParts(program, terminal, ended);
  moduleCommands(parts);
  lookCommands(parts);
  pictureCommands(parts);
  storeCommands(parts);
  workCommand(parts);
  completionCommands(parts);
  return program;
}

const exitCodesHelp = `
Exit codes:
  0    it is done
  1    the run failed, or was cancelled from elsewhere
  2    it can't be done as it was asked for: arguments, inputs, module, unknown run
  3    the store: held by another process, changed since, full, unreadable
  13   the run can never end
  130  Ctrl-C: the first cancels the run with its clean-ups, the second ends it at once`;
