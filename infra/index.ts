// `stratalog/infra`: the log as a construct for anybody's CDK app.

export type { Auth } from './constructs/api.ts';
export type { AclOptions } from './constructs/stratalog-function.ts';
export type { Throttle } from './stage-config.ts';
export { Stratalog } from './stratalog.ts';
export type { StratalogProps } from './stratalog-props.ts';
export { Topic, type TopicProps } from './topic.ts';
