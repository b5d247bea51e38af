import { defineConfig } from 'vitest/config';

// vitest asks for a default export; the rule against them is for the extension's own code.
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
    environment: 'node',
    maxWorkers: 2,
    // Some tests start real programs, on machines with two busy cores.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
