import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installProject } from './support/project.ts';

const fixture = 'test/ecosystem/fixtures/command';
const command = 'node_modules/millrace/dist/command.js';

describe('the command of the built package', () => {
  test('runs a workflow with a pool, ends with it, and tells of it', async () => {
    const { node } = installProject(fixture);
    expect(await node(command, 'run', 'flow.mjs', '--run-id', 'a')).toBe('right: 42');
    expect(JSON.parse(await node(command, 'show', 'a', '--json'))).toMatchObject({ status: 'completed' });
    expect(await node(command, 'report', 'a', '-o', '-')).toContain('<main id="report">');
    expect(await node(command, '--version')).toMatch(/^\d/);
  });

  test('loads TypeScript with the tsx that is beside it', async () => {
    const { node } = installProject(fixture, ['tsx']);
    expect(await node(command, 'run', 'typed.ts')).toBe('seven: 7');
  });

  test('says what to do where nothing can', async () => {
    const { node } = installProject(fixture);
    await expect(node(command, 'run', 'typed.ts')).rejects.toThrow(/install tsx beside it/);
  });

  test('hands over to the copy that the module uses', async () => {
    const { folder, node } = installProject(fixture);
    const other = join(folder, 'other');
    mkdirSync(join(other, 'node_modules/millrace/dist'), { recursive: true });
    cpSync(join(folder, 'flow.mjs'), join(other, 'flow.mjs'));
    writeFileSync(
      join(other, 'node_modules/millrace/package.json'),
      '{ "name": "millrace", "type": "module", "exports": { "./package.json": "./package.json" } }',
    );
    writeFileSync(
      join(other, 'node_modules/millrace/dist/command.js'),
      "console.log('the other one', ...process.argv.slice(2));",
    );
    expect(await node(command, 'run', 'other/flow.mjs', '-q')).toBe('the other one run other/flow.mjs -q');
    rmSync(other, { recursive: true });
  });
});
