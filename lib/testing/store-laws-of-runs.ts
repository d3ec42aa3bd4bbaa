import { oddNames } from './odd-names.ts';
import type { StoreHandle } from './store-handle.ts';
import type { StoreLaw } from './store-law.ts';

/** Laws of runs: what is appended, and who may. */
export const lawsOfRuns: readonly StoreLaw[] = [
  {
    name: 'nothing is there that nobody made',
    async check(trial) {
      const store = await trial.handle();
      await store.hasRuns(new Map());
      await store.hasLines('run', undefined);
      await store.hasEvents('run', []);
      await store.requestCancel('run', 'enough', false);
      await store.removeRun('run');
      await store.hasRuns(new Map());
      const run = await store.openRun('run');
      run.found(1, []);
      await store.hasLines('run', []);
      await store.hasRuns(new Map([['run', true]]));
    },
  },
  {
    name: 'what was appended is there for the next owner, in order, once',
    async check(trial) {
      const first = await trial.handle();
      const run = await first.openRun('run');
      await run.append(['one', 'two']);
      await run.append([]);
      await run.append(['three']);
      await first.hasLines('run', ['one', 'two', 'three']);
      await run.close();
      const second = await trial.handle();
      const next = await second.openRun('run');
      next.found(2, ['one', 'two', 'three']);
      await next.append(['four']);
      await next.close();
      const last = await first.openRun('run');
      last.found(3, ['one', 'two', 'three', 'four']);
      await last.close();
      await second.hasLines('run', ['one', 'two', 'three', 'four']);
    },
  },
  {
    name: 'a line is any text without line breaks',
    async check(trial) {
      const lines = [
        '',
        ' ',
        '{"type":"step-completed"}',
        'it\'s "quoted" \\ \t',
        'ä € 😀 \u0301',
        'x'.repeat(300_000),
      ];
      const many = Array.from({ length: 1000 }, (_, index) => `line ${String(index)}`);
      const store = await trial.handle();
      const run = await store.openRun('run');
      for (const line of lines) await run.append([line]);
      await run.append([...lines, ...many]);
      await run.close();
      (await (await trial.handle()).openRun('run')).found(2, [...lines, ...lines, ...many]);
    },
  },
  {
    name: 'a run has one owner, and whoever else asks is told so',
    async check(trial) {
      const first = await trial.handle();
      const second = await trial.handle();
      const run = await first.openRun('run');
      await first.isHeld('run');
      await second.isHeld('run');
      await second.hasRuns(new Map([['run', true]]));
      await run.append(['one']);
      const other = await second.openRun('other');
      other.found(1, []);
      await run.close();
      await run.canNotAppend(['late']);
      await first.hasRuns(
        new Map([
          ['other', true],
          ['run', false],
        ]),
      );
      (await second.openRun('run')).found(2, ['one']);
      await first.isHeld('run');
      // It was let go of, and is another's: to close again is to do nothing.
      await run.close();
      await first.isHeld('run');
    },
  },
  {
    name: 'of several who open a run at once one gets it',
    async check(trial) {
      const stores = [await trial.handle(), await trial.handle(), await trial.handle()];
      const before = await (stores[0] as StoreHandle).openRun('run');
      await before.append(['one']);
      await before.close();
      const outcomes = await Promise.allSettled(stores.map((store) => store.openRun('run')));
      const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      trial.equal('how many got it', opened.length, 1);
      await opened[0]?.append(['two']);
      await opened[0]?.close();
      (await (await trial.handle()).openRun('run')).found(3, ['one', 'two']);
    },
  },
  {
    name: 'closing a store lets go of its runs',
    async check(trial) {
      const first = await trial.handle();
      const run = await first.openRun('run');
      await run.append(['one']);
      await first.close();
      await run.canNotAppend(['late']);
      (await (await trial.handle()).openRun('run')).found(2, ['one']);
    },
  },
  {
    name: 'events are kept in order, those of earlier owners first, beside the lines',
    async check(trial) {
      const first = await trial.handle();
      const run = await first.openRun('run');
      await Promise.all([
        run.append(['one']),
        run.appendEvents(['event 1', 'event 2']),
        run.appendEvents(['event 3']),
      ]);
      await run.close();
      const second = await trial.handle();
      const next = await second.openRun('run');
      next.found(2, ['one']);
      await next.appendEvents(['event 4 ä 😀']);
      await next.close();
      await first.hasEvents('run', ['event 1', 'event 2', 'event 3', 'event 4 ä 😀']);
      await first.hasLines('run', ['one']);
    },
  },
  {
    name: 'a request to cancel comes to the owner once, and to no other',
    async check(trial) {
      const first = await trial.handle();
      const second = await trial.handle();
      const run = await first.openRun('run');
      const other = await first.openRun('other');
      await second.requestCancel('run', 'enough: ä 😀', true);
      await trial.comes('the request', () => run.requests.length > 0);
      trial.equal('the reasons', run.requests, ['enough: ä 😀']);
      await run.append(['one']);
      await second.requestCancel('run', 'again', true);
      await run.close();
      await second.requestCancel('run', 'late', false);
      const next = await second.openRun('run');
      await first.requestCancel('run', 'next', true);
      await trial.comes('the next request', () => next.requests.length > 0);
      trial.equal('the reasons that the next owner got', next.requests, ['next']);
      trial.equal('how many requests the first owner got', run.requests.length, 1);
      trial.equal('the reasons that another run got', other.requests, []);
    },
  },
  {
    name: 'a run that was removed is gone, and one that is held stays',
    async check(trial) {
      const first = await trial.handle();
      const second = await trial.handle();
      const run = await first.openRun('run');
      await run.append(['one']);
      await run.appendEvents(['event']);
      await first.canNotRemoveRun('run');
      await second.canNotRemoveRun('run');
      await second.hasLines('run', ['one']);
      await run.append(['two']);
      await run.close();
      await second.removeRun('run');
      await first.hasLines('run', undefined);
      await first.hasEvents('run', []);
      await first.hasRuns(new Map());
      (await first.openRun('run')).found(1, []);
    },
  },
  {
    name: 'runs are kept apart, whatever they are called',
    async check(trial) {
      const first = await trial.handle();
      for (const [index, name] of oddNames.entries()) {
        const run = await first.openRun(name);
        run.found(1, []);
        await run.append([`a line of run ${String(index)}`]);
        await run.close();
      }
      const second = await trial.handle();
      await second.hasRuns(new Map(oddNames.map((name) => [name, false])));
      for (const [index, name] of oddNames.entries())
        await second.hasLines(name, [`a line of run ${String(index)}`]);
      for (const name of oddNames.slice(1)) await second.removeRun(name);
      await second.hasRuns(new Map(oddNames.slice(0, 1).map((name) => [name, false])));
    },
  },
  {
    name: 'an owner that looks dead is displaced, is told, and can append nothing more',
    needsAbandon: true,
    async check(trial) {
      const first = await trial.handle();
      const run = await first.openRun('run');
      await run.append(['one']);
      await run.appendEvents(['event 1']);
      await trial.abandon(first);
      const second = await trial.handle();
      const next = await second.openRun('run');
      next.found(2, ['one']);
      await run.canNotAppend(['late']);
      await trial.comes('word that it was displaced', () => run.displacedBy.length > 0);
      await next.append(['two']);
      await run.canNotAppend(['later']);
      await run.close();
      await first.isHeld('run');
      trial.equal('how often it was told', run.displacedBy.length, 1);
      trial.equal('how often the other was told', next.displacedBy.length, 0);
      await next.append(['three']);
      await next.close();
      await first.close();
      (await (await trial.handle()).openRun('run')).found(3, ['one', 'two', 'three']);
    },
  },
  {
    name: 'a run whose owner looks dead can be removed',
    needsAbandon: true,
    async check(trial) {
      const first = await trial.handle();
      const run = await first.openRun('run');
      await run.append(['one']);
      await trial.abandon(first);
      const second = await trial.handle();
      await second.removeRun('run');
      await second.hasRuns(new Map());
      const next = await second.openRun('run');
      next.found(1, []);
      await run.canNotAppend(['late']);
      await next.append(['two']);
      await next.close();
      await second.hasLines('run', ['two']);
    },
  },
];
