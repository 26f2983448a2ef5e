// The services of producers' ids over their ports: the one composition that Lambda, the local home and tests share.
// Apart from the log's own services, as those of groups are.

import { createProducerService, type ProducerPorts, type ProducerService } from './producers.ts';

export interface TransactionServices {
  readonly producers: ProducerService;
}

export function createTransactionServices(ports: ProducerPorts): TransactionServices {
  return { producers: createProducerService(ports) };
}
