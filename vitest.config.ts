import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// `npm test` runs unit, simulation, contract and e2e, which need nothing but npm; the others are named scripts.
export default defineConfig({
  test: {
    globals: false,
    restoreMocks: true,
    globalSetup: 'test/support/temporary-folder.ts',
    // One a core, two at least: many tests wait more than they work, and the default leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,property,regressions}/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'emulators',
          include: ['test/emulators/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'aws',
          include: ['test/aws/**/*.test.ts'],
          globalSetup: 'test/support/deploy/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify',
          include: ['test/verify/**/*.test.ts'],
          testTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify-aws',
          include: ['test/verify-aws/**/*.test.ts'],
          globalSetup: 'test/support/deploy/one-stack.ts',
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: { name: 'smoke', include: ['test/smoke/**/*.test.ts'], testTimeout: 60_000 },
      },
      { test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'] } },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          globalSetup: 'test/support/deploy/bundled-functions.ts',
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      thresholds: { 'lib/{record,log,group}/**': { statements: 95, branches: 95 } },
    },
  },
});
