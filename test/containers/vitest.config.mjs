import { defineConfig } from 'vitest/config';

// vitest asks for a default export; the rule against them is for the extension's own code.
export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    environment: 'node',
    // One after the other: each starts containers, whose programs have the processors to themselves.
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
