import { parentPort, workerData } from 'node:worker_threads';
import { collectedTimes } from './collected-runs.ts';

parentPort?.postMessage(await collectedTimes(workerData as number));
