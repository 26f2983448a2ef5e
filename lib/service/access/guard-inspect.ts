// What is stored, as far as one principal may look: of a topic who may describe it, of the whole who may describe that.

import { CLUSTER_NAME } from '../../access/acl.ts';
import { StratalogError } from '../../errors.ts';
import type { InspectServices } from '../background/inspect-services.ts';
import type { Rights } from './access.ts';

export function guardInspectServices(services: InspectServices, rights: Rights): InspectServices {
  return {
    inspector: {
      inspect: async (topicName, partition) =>
        rights.refusal('DESCRIBE', 'TOPIC', topicName) ??
        (await services.inspector.inspect(topicName, partition)),
    },
    async previewGarbage(limit) {
      const refusal = rights.refusal('DESCRIBE', 'CLUSTER', CLUSTER_NAME);
      if (refusal !== undefined) throw new StratalogError(refusal.code, refusal.message);
      return services.previewGarbage(limit);
    },
    nowMs: () => services.nowMs(),
  };
}
