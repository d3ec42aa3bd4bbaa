import type { Workflow } from 'millrace';
import * as millrace from 'millrace';
import * as operators from 'millrace/operators';
import * as simulate from 'millrace/simulate';
import * as rxjs from 'rxjs';

const modules: Readonly<Record<string, object>> = {
  millrace,
  'millrace/operators': operators,
  'millrace/simulate': simulate,
  rxjs,
};
const shared = 'millrace.playground.modules';

type LoadedOptions = NonNullable<Parameters<Workflow['run']>[0]>;

/** What a module has to say: a workflow, and how to run it. */
export interface Loaded {
  readonly workflow: Workflow;
  readonly options: LoadedOptions;
}

/**
 * Loads what was written as a module.
 *
 * @throws Error where it exports no workflow, imports what isn't there, or throws itself
 */
export async function loadWorkflow(code: string): Promise<Loaded> {
  Reflect.set(globalThis, shared, modules);
  const urls: string[] = [];
  const made = (text: string): string => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
    urls.push(url);
    return url;
  };
  try {
    const linked = code.replaceAll(
      /(?<before>\bfrom\s*)(?<quote>['"])(?<name>[^'"\n]+)\k<quote>/g,
      (whole, before: string, quote: string, name: string) => {
        const module = modules[name];
        if (module === undefined) {
          if (name.startsWith('https:')) return whole;
          throw new Error(
            `there is no '${name}' here; there are ${Object.keys(modules).join(', ')}, and https: addresses`,
          );
        }
        return `${before}${quote}${made(facade(name, module))}${quote}`;
      },
    );
    const exported = (await import(/* @vite-ignore */ made(linked))) as {
      readonly default?: unknown;
      readonly options?: LoadedOptions;
    };
    if (!isWorkflow(exported.default)) throw new Error('export default what workflow() gives');
    return { workflow: exported.default, options: exported.options ?? {} };
  } finally {
    for (const url of urls) URL.revokeObjectURL(url);
  }
}

/** A module that exports what another one does. */
function facade(name: string, module: object): string {
  const names = Object.keys(module).filter((each) => each !== 'default');
  return `const all = globalThis[${JSON.stringify(shared)}][${JSON.stringify(name)}];
export const { ${names.join(', ')} } = all;`;
}

function isWorkflow(value: unknown): value is Workflow {
  return typeof value === 'object' && value !== null && Symbol.for('millrace.workflow') in value;
}
