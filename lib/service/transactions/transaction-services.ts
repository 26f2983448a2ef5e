// The services of producers' ids and of transactions over their ports: the one composition that Lambda, the local home
// and tests share. Apart from the log's own services, as those of groups are.

import type { TopicStore } from '../../ports/topic-store.ts';
import { createTopicCatalog } from '../topics/topic-catalog.ts';
import { createProducerService, type ProducerService } from './producers.ts';
import {
  createTransactionService,
  type TransactionService,
  type TransactionServicePorts,
} from './transactions.ts';

export interface TransactionServices {
  readonly producers: ProducerService;
  readonly transactions: TransactionService;
}

export function createTransactionServices(
  ports: TransactionServicePorts & { readonly topics: TopicStore },
): TransactionServices {
  const catalog = createTopicCatalog(ports);
  return {
    producers: createProducerService(ports),
    transactions: createTransactionService(ports, catalog),
  };
}
