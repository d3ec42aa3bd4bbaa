import { InvalidArgumentError } from 'commander';

/** A command, as far as completion has to know it. */
export interface CompletedCommand {
  readonly name: string;
  /** The long names of its options. */
  readonly options: readonly string[];
  /** What each argument is. */
  readonly arguments: readonly ('run' | 'step' | 'file' | 'shell')[];
}

/** What a store knows that may be completed. */
export interface CompletedNames {
  runs(): Promise<readonly string[]>;
  steps(runId: string): Promise<readonly string[]>;
}

/** Who asks for files gets them from the shell. */
const files: readonly string[] = [];

/**
 * What may stand in the place of the last word.
 *
 * @param words - those after the name of the program, the last one as far as it has been typed
 */
export async function candidatesFor(
  words: readonly string[],
  commands: readonly CompletedCommand[],
  names: CompletedNames,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const [name, ...before] = words.slice(0, -1);
  if (name === undefined) return starting(typed, [...commands.map((each) => each.name), 'help']);
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return [];
  if (typed.startsWith('-')) return starting(typed, command.options);
  if (before.at(-1)?.startsWith('-') === true) return files;
  const given = before.filter(
    (word, at) => !word.startsWith('-') && before[at - 1]?.startsWith('-') !== true,
  );
  switch (command.arguments[given.length]) {
    case 'run':
      return starting(typed, await names.runs());
    case 'step':
      return starting(typed, await names.steps(given[0] ?? ''));
    case 'shell':
      return starting(typed, Object.keys(scripts));
    default:
      return files;
  }
}

function starting(typed: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith(typed));
}

/** What a shell is told, so that it asks `millrace complete`. */
const scripts = {
  bash: `_millrace() {
  local IFS=$'\\n'
  COMPREPLY=($(millrace complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _millrace millrace
`,
  zsh: `#compdef millrace
_millrace() {
  local -a found
  found=("\${(@f)$(millrace complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -- $found; else _files; fi
}
compdef _millrace millrace
`,
  fish: `complete -c millrace -a '(set -l words (commandline -opc) (commandline -ct); millrace complete -- $words[2..-1] 2>/dev/null)'
`,
} as const;

/** The script of a shell. */
export function completionScript(shell: string): string {
  return scripts[shell as keyof typeof scripts];
}

/** Reads the name of a shell. */
export function shellNamed(shell: string): string {
  if (Object.hasOwn(scripts, shell)) return shell;
  throw new InvalidArgumentError(`Known shells are ${Object.keys(scripts).join(', ')}.`);
}
