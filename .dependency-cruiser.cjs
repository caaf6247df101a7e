// Imports point one way; test/architecture.test.ts holds the tree to these rules. In README order:
// platform ← model ← {author, execution, store, queue, release} ← {schedule, workflow} ← {host, worker, window} ← {server, api} ← cli.
// Beside that: queue uses store, execution and release know what authors define, window knows schedules and workflows, host workflows, and server composes api.
const layers = [
  ['platform'],
  ['model'],
  ['redis'],
  ['config'],
  ['author', 'execution', 'store', 'queue', 'release'],
  ['schedule', 'workflow'],
  ['host', 'worker', 'window', 'testing'],
  ['api', 'server'],
  ['cli'],
];

/** What is started as a process or a thread, or imported by others. */
const entries = ['^src/(index|testing)\\.ts$', '(^|/|-)main\\.ts$', '^src/worker/watchdog\\.ts$'];

/** @param {string[]} names */
const folder = names => `^src/(${names.join('|')})/`;

/** A folder imports nothing of a later layer. */
const oneWay = layers.slice(0, -1).map((layer, index) => ({
  name: `${layer[0]}-one-way`,
  severity: 'error',
  comment: 'imports point from later layers to earlier ones',
  from: { path: folder(layer) },
  to: { path: folder(layers.slice(index + 1).flat()) },
}));

/**
 * Folders of one layer know nothing of each other, but for what is left out of `others`.
 * @param {string} from
 * @param {string[]} others
 */
const siblings = (from, others) => ({
  name: `${from}-alone`,
  severity: 'error',
  comment: 'folders of one layer do not import each other',
  from: { path: folder([from]) },
  to: { path: folder(others) },
});

/**
 * Only some folders know a package.
 * @param {string} packageName
 * @param {string[]} folders
 */
const onlyIn = (packageName, folders) => ({
  name: `${packageName}-only-in-${folders.join('-')}`,
  severity: 'error',
  comment: `${packageName} is a detail of ${folders.join(', ')}`,
  from: { path: '^src/', pathNot: folder(folders) },
  to: { path: `^node_modules/${packageName}/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'nothing-of-development',
      severity: 'error',
      comment: 'what is shipped needs only what is listed under dependencies',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    ...oneWay,
    siblings('author', ['execution', 'store', 'queue', 'release']),
    siblings('execution', ['store', 'queue', 'release']),
    siblings('store', ['author', 'execution', 'queue', 'release']),
    siblings('queue', ['author', 'execution', 'release']),
    siblings('release', ['execution', 'store', 'queue']),
    siblings('schedule', ['author', 'execution', 'release', 'workflow']),
    siblings('workflow', ['schedule']),
    siblings('host', ['worker', 'window', 'schedule']),
    siblings('worker', ['host', 'window', 'schedule', 'workflow']),
    siblings('window', ['host', 'worker', 'testing']),
    siblings('testing', ['host', 'worker', 'window', 'store', 'queue', 'release']),
    siblings('api', ['server']),
    {
      name: 'redis-uses-node-only',
      severity: 'error',
      comment: 'setup runs it before anything is installed',
      from: { path: '^src/redis/' },
      to: { pathNot: '^src/redis/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'bundles-stay-small',
      severity: 'error',
      comment: 'release bundles link author: nothing that talks to Redis, serves HTTP or logs belongs there',
      from: { path: '^src/(author|index)' },
      to: {
        path: '^node_modules/(ioredis|bullmq|pino|devalue|fastify|@fastify|commander|esbuild)/',
        reachable: true,
      },
    },
    {
      name: 'author-types-only',
      severity: 'error',
      from: { path: '^src/(author/|index\\.ts)' },
      to: {
        path: folder([
          'store',
          'queue',
          'release',
          'schedule',
          'workflow',
          'host',
          'window',
          'server',
          'api',
          'cli',
        ]),
        reachable: true,
      },
    },
    {
      name: 'testing-needs-no-redis',
      severity: 'error',
      from: { path: '^src/(testing\\.ts|testing/|execution/|worker/)' },
      to: { path: '^node_modules/(ioredis|bullmq)/', reachable: true },
    },
    onlyIn('bullmq', ['queue']),
    onlyIn('ioredis', ['store', 'queue']),
    onlyIn('esbuild', ['release']),
    onlyIn('fastify', ['api', 'server']),
    onlyIn('commander', ['cli']),
    {
      name: 'unused',
      severity: 'error',
      comment: 'nothing that can be started or imported leads to this file',
      from: { path: entries },
      to: { path: '^src/', pathNot: entries, reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: '^node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
