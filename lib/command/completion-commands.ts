import { Argument, type Command } from 'commander';
import type { CommandParts } from './command-parts.ts';
import {
  type CompletedCommand,
  type CompletedNames,
  candidatesFor,
  completionScript,
  shellNamed,
} from './completion.ts';
import { defaultStore, openStore } from './open-store.ts';
import { writeLines } from './terminal.ts';

/** `completion`, and what the script of a shell asks. */
export function completionCommands({ program, terminal }: CommandParts): void {
  program
    .command('completion')
    .summary('print what a shell needs to complete commands and ids of runs')
    .description('Prints a script for the shell, as in: millrace completion bash >> ~/.bashrc')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').argParser(shellNamed))
    .action((shell: string) => {
      writeLines(terminal.out, completionScript(shell));
    });

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const found = await candidatesFor(words, completedCommands(program), namesIn(storeNamed(words)));
      writeLines(terminal.out, found.join('\n'));
    });
}

/** What completion has to know of the commands. */
function completedCommands(program: Command): readonly CompletedCommand[] {
  return program.commands
    .filter((command) => command.name() !== 'complete')
    .map((command) => ({
      name: command.name(),
      options: command.options.flatMap(({ long }) => long ?? []),
      arguments: command.registeredArguments.map((argument) => {
        const name = argument.name();
        return name === 'run' || name === 'other'
          ? 'run'
          : name === 'step' || name === 'shell'
            ? name
            : 'file';
      }),
    }));
}

function storeNamed(words: readonly string[]): string {
  return words[words.indexOf('--store') + 1 || words.length] ?? defaultStore;
}

function namesIn(place: string): CompletedNames {
  const store = openStore(place);
  return {
    runs: async () => (await store.runs()).map(({ runId }) => runId),
    steps: async (runId) => (await store.show(runId)).steps.map(({ stepId }) => stepId),
  };
}
