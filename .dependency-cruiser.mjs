// Who may import whom. The order is: base < pure < ports < service | storage < edges < entries.
// Checked by `npm run lint:deps`. A rule's comment is its documentation.
const BASE = '^lib/(errors|limits|assert|ids|path-name)\\.ts$';
const PURE = '^lib/(record|log|group|access|wire)/';
const SDK = '^node_modules/(@aws-sdk|@smithy|aws-cdk-lib|constructs)/';
const IO =
  '^(node:)?(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|timers)(/|$)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { circular: true },
    },
    {
      name: 'no-circular-tests',
      severity: 'error',
      comment:
        'In tests a circle may close through a type: an actor names the world that it is cast in.',
      from: { path: '^test/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file nobody imports is dead or an entry; entries are listed here.',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '^functions/[^/]+\\.ts$',
          '^infra/(app|lambda-credentials)\\.ts$',
          '^test/',
        ],
      },
      to: {},
    },
    {
      name: 'base-imports-nothing',
      severity: 'error',
      from: { path: BASE },
      to: { pathNot: BASE },
    },
    {
      name: 'pure-has-no-io',
      severity: 'error',
      comment:
        'record, log, group, access and wire take bytes, state and nowMs, and return bytes, state and plans.',
      from: { path: PURE },
      to: { path: [SDK, IO] },
    },
    {
      name: 'pure-imports-pure',
      severity: 'error',
      from: { path: PURE },
      to: { path: '^(lib|functions|infra)/', pathNot: [PURE, BASE] },
    },
    {
      name: 'record-stands-alone',
      severity: 'error',
      from: { path: '^lib/record/' },
      to: { path: '^lib/(log|group|access|wire)/' },
    },
    {
      name: 'log-group-and-access-are-strangers',
      severity: 'error',
      from: { path: '^lib/(log|group|access)/' },
      to: { path: '^lib/(log|group|access|wire)/', pathNot: '^lib/$1/' },
    },
    {
      name: 'ports-are-types',
      severity: 'error',
      comment: 'A port is an interface; it may name pure types, nothing else.',
      from: { path: '^lib/ports/' },
      to: { path: '^(lib|functions|infra|node_modules)/', pathNot: ['^lib/ports/', PURE, BASE] },
    },
    {
      name: 'service-sees-ports-not-storage',
      severity: 'error',
      from: { path: '^lib/service/' },
      to: { path: '^lib/', pathNot: ['^lib/(service|ports)/', PURE, BASE] },
    },
    {
      name: 'storage-does-not-decide',
      severity: 'error',
      comment: 'Adapters move bytes; they never call a service.',
      from: { path: '^lib/storage/' },
      to: { path: '^lib/', pathNot: ['^lib/(storage|ports)/', PURE, BASE] },
    },
    {
      name: 'sdk-only-in-storage-aws',
      severity: 'error',
      from: {
        path: '^(lib|functions)/',
        pathNot: ['^lib/storage/aws/', '^lib/client/transports/lambda\\.ts$'],
      },
      to: { path: '^node_modules/(@aws-sdk|@smithy)/' },
    },
    {
      name: 'client-ships-alone',
      severity: 'error',
      comment:
        'Users install the client; it must not drag the server in. The direct transport is the server.',
      from: { path: '^lib/client/', pathNot: '^lib/client/transports/direct\\.ts$' },
      to: { path: '^(lib|functions|infra)/', pathNot: ['^lib/(client|record|wire)/', BASE] },
    },
    {
      name: 'gateway-talks-to-service',
      severity: 'error',
      from: { path: '^lib/gateway/' },
      to: { path: '^lib/', pathNot: ['^lib/(gateway|service|ports|wire|record)/', BASE] },
    },
    {
      name: 'console-talks-to-service',
      severity: 'error',
      from: { path: '^lib/console/' },
      to: { path: '^lib/', pathNot: ['^lib/(console|service|ports)/', BASE] },
    },
    {
      name: 'storage-is-wired-at-the-root',
      severity: 'error',
      comment: 'Only a composition root may pick an adapter.',
      from: {
        path: '^(lib|functions)/',
        pathNot: [
          '^lib/storage/',
          '^lib/local/home\\.ts$',
          '^lib/client/transports/direct\\.ts$',
          '^lib/cli/(aws|doctor/stack)\\.ts$',
          '^functions/shared/(runtime|late-append|nudge)\\.ts$',
        ],
      },
      to: { path: '^lib/storage/' },
    },
    {
      name: 'handlers-are-leaves',
      severity: 'error',
      from: { path: '^functions/[^/]+\\.ts$' },
      to: {
        path: '^(functions|lib|node_modules|infra)/',
        pathNot: ['^functions/shared/', '^lib/(api|service)/', BASE, '^node_modules/@types/'],
      },
    },
    {
      name: 'nobody-imports-entries',
      severity: 'error',
      from: { path: '^(lib|functions)/', pathNot: ['^lib/(local|cli)/', '^functions/'] },
      to: { path: '^(functions|infra)/|^lib/(cli|local)/' },
    },
    {
      name: 'infra-is-apart',
      severity: 'error',
      comment: 'CDK names handlers by path; it shares only limits, and how names stand in paths.',
      from: { path: '^infra/' },
      to: { path: '^(lib|functions)/', pathNot: '^lib/(limits|path-name)\\.ts$' },
    },
    {
      name: 'no-test-code-in-product',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-deps-in-product',
      severity: 'error',
      from: { path: '^(lib|functions)/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '^node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
