// Groups: what nobody in them is left to do, and how far they are behind, on a schedule.

import { watchGroups } from '../lib/service/group/watch.ts';
import { jobHandler } from './shared/job.ts';
import { groupPorts } from './shared/runtime.ts';

const ports = groupPorts();

export const handler = jobHandler('watch-groups', (_event, limit) => watchGroups(ports, limit));
