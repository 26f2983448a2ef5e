// Topics, their partitions and configurations.

import { topicRoutes } from '../lib/api/routes/topics.ts';
import { httpHandler } from './shared/handler.ts';
import { createRuntime } from './shared/runtime.ts';

export const handler = httpHandler(topicRoutes, createRuntime());
