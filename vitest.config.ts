import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// What hangs is to end some time, and nothing else: no test may fail because the machine is slow or busy. Hooks install
// servers where they are not there yet.
const PATIENCE = {
  testTimeout: 120_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 100_000, interval: 20 } },
};

// `npm test` runs unit, simulation, contract and e2e, which need nothing but npm; the others are named scripts.
export default defineConfig({
  test: {
    globals: false,
    restoreMocks: true,
    globalSetup: 'test/support/temporary-folder.ts',
    teardownTimeout: 60_000,
    // One a core, two at least: many tests wait more than they work, and the default leaves a core idle.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,property,regressions}/**/*.test.ts'],
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          ...PATIENCE,
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...PATIENCE } },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          ...PATIENCE,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'emulators',
          include: ['test/emulators/**/*.test.ts'],
          ...PATIENCE,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'aws',
          include: ['test/aws/**/*.test.ts'],
          globalSetup: 'test/support/deploy/global-setup.ts',
          ...PATIENCE,
          // One of them deploys.
          testTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify',
          include: ['test/verify/**/*.test.ts'],
          ...PATIENCE,
          testTimeout: 500_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify-aws',
          include: ['test/verify-aws/**/*.test.ts'],
          globalSetup: 'test/support/deploy/one-stack.ts',
          ...PATIENCE,
          testTimeout: 500_000,
        },
      },
      {
        test: { name: 'smoke', include: ['test/smoke/**/*.test.ts'], ...PATIENCE },
      },
      { test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], ...PATIENCE } },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          globalSetup: 'test/support/deploy/bundled-functions.ts',
          ...PATIENCE,
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
