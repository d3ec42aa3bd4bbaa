import { constants } from 'node:os';

// Until the program is there to take signals itself, there is nothing to clean up.
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const quit = (signal) => process.exit(128 + constants.signals[signal]);
for (const signal of signals) process.on(signal, quit);

// What runs is JavaScript: a thread can't load TypeScript on Node 20, and starts faster without a loader anyway.
const { build } = await import('./build.js');
const { main } = await import(new URL('main.js', await build()).href);

for (const signal of signals) process.off(signal, quit);
process.exitCode = await main(process.argv.slice(2));
