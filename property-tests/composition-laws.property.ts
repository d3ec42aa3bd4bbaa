import { test } from '@fast-check/vitest';
import { plan } from 'millrace/simulate';
import { composition, expectLawful } from 'millrace/testing';

test.prop([composition()], { numRuns: 300 })(
  'every composition is lawful, and comes to what its plan says',
  async ({ workflow, options }) => {
    await expectLawful(workflow, options);
  },
);

test.prop([composition()], { numRuns: 200 })(
  'so it is in the order that was planned, whichever way it goes',
  async ({ workflow, options }) => {
    const { limits, concurrency } = options;
    const planned = plan(workflow, { limits, concurrency, schedules: 5 });
    await expectLawful(workflow, { ...options, plan: planned });
  },
);
