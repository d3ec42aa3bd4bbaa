// Prints `N passed, N failed` (and what was skipped) out of a JSON report of vitest; fails where there is no test.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (!report.success || passed === 0) process.exitCode = 1;
