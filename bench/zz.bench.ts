import { forEachStep, step, workflow } from '../lib/index.ts';
const size = 10000;
const items = step('items', () => Array.from({ length: size }, (_, index) => index));
const children = forEachStep('children', { items }, (item) => item + 1);
const flow = workflow('fan-out', { children });
for (let i = 0; i < 300; i++) await flow.run().result();
