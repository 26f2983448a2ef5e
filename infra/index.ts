// `stratalog/infra`: the log as a construct for anybody's CDK app.

export type { Auth } from './constructs/api.ts';
export type { AclOptions } from './constructs/stratalog-function.ts';
export type { Throttle } from './stage-config.ts';
export { Stratalog, type StratalogProps } from './stratalog.ts';
export { Topic, type TopicProps } from './topic.ts';
