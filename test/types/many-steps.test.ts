import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A workflow in one file: steps with three dependencies each, of three kinds, that need a dozen inputs. */
function source(size: number): string {
  const lines = ["import { input, step, type, workflow } from 'millrace';", "import { of } from 'rxjs';"];
  for (let index = 0; index < 12; index++) {
    lines.push(
      `const input${String(index)} = input('input${String(index)}', type<{ readonly value${String(index)}: number }>());`,
    );
  }
  for (let index = 0; index < size; index++) {
    const name = `step${String(index)}`;
    const needs = [index - 1, index - 7, index - 20]
      .filter((each) => each >= 0)
      .map((each) => `step${String(each)}`);
    const reached = `input${String(index % 12)}`;
    const uses = [
      ...needs.map((need) => `${need}.id${need.slice(4)}`),
      `${reached}.value${String(index % 12)}`,
    ].join(' + ');
    const names = [...needs, reached].join(', ');
    lines.push(
      `const ${name} = step('${name}', { ${names} }, ({ ${names} }) => {`,
      `  const sum: number = ${uses};`,
      `  const value = { id${String(index)}: sum, rows: [1, 2, 3] };`,
      `  return ${['value', 'Promise.resolve(value)', 'of(value)'][index % 3] ?? ''};`,
      '}, { retry: 1 });',
    );
  }
  const last = `step${String(size - 1)}`;
  const inputs = Array.from(
    { length: 12 },
    (_, index) => `input${String(index)}: { value${String(index)}: 1 }`,
  );
  lines.push(
    `const flow = workflow('many', { ${last}, step0 });`,
    `const inputs = { ${inputs.join(', ')} };`,
    `export const result: Promise<{ readonly ${last}: { id${String(size - 1)}: number; rows: number[] } }> = flow.run({ inputs }).result();`,
    '// @ts-expect-error -- one input is missing',
    'flow.run({ inputs: { ...inputs, input11: undefined } });',
    '// @ts-expect-error -- one output has another name',
    `void result.then((outputs) => outputs.step1);`,
  );
  return lines.join('\n');
}

/** The compiler's complaints about a file under the project's own options, and how long it took to find them. */
function check(file: string) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const paths = { millrace: [join(root, 'lib/index.ts')] };
  const program = ts.createProgram([file], { ...options, noUnusedLocals: false, paths });
  const checked = program.getSourceFile(file);
  const start = performance.now();
  const diagnostics = [
    ...program.getSyntacticDiagnostics(checked),
    ...program.getSemanticDiagnostics(checked),
  ];
  const ms = performance.now() - start;
  return {
    ms,
    complaints: diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  };
}

test('a file of 400 steps type-checks in seconds', { timeout: 120_000 }, () => {
  const directory = join(root, 'node_modules/.cache/millrace-test-types');
  mkdirSync(directory, { recursive: true });
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const file = join(directory, 'many-steps.ts');
  writeFileSync(file, source(400));
  const { ms, complaints } = check(file);
  expect(complaints).toStrictEqual([]);
  // No assertion on the time, which is the machine's.
  console.info(`400 steps type-check in ${ms.toFixed(0)} ms`);
});
