#!/usr/bin/env node
import { runProcess } from './run-command.ts';

await runProcess(process.argv.slice(2));
