import { test } from '@fast-check/vitest';
import { composition, expectLawful } from 'millrace/testing';

test.prop([composition()], { numRuns: 300 })(
  'every composition is lawful, and comes to what its plan says',
  async ({ workflow, options }) => {
    await expectLawful(workflow, options);
  },
);
