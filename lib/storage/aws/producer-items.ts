// Producers' states outside their heads: items `PRODUCER#<producer id>` of table `index`. Attribute names and values:
// docs/formats/dynamodb.md. DynamoDB deletes them by itself some time after they have expired (the table's TTL
// attribute is `expires`); until then reads leave them out.

import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PRODUCER_EXPIRATION_MS } from '../../limits.ts';
import { type PartitionKey, partitionKeyText, producerSortKey } from '../../log/keys.ts';
import type { ProducerState } from '../../log/partition.ts';
import type { KnownProducer } from '../../log/producer-states.ts';
import { numberValue, readBigint, readNumber, readText, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS } from './conditional.ts';
import { sent } from './errors.ts';
import { decodeProducerState, encodeProducerState } from './items-head.ts';
import type { StorageClock } from './storage-clock.ts';

/** A state that slept gives way. The same state may be put again: then it expires later. */
const NOT_NEWER = '(attribute_not_exists(pk) OR lastOffset <= :lastOffset)';
/** TTL attributes are in seconds. */
const SECOND_MS = 1_000;

export class ProducerItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: StorageClock;

  constructor(storage: {
    readonly client: DynamoDBClient;
    readonly table: string;
    readonly clock: StorageClock;
  }) {
    this.#client = storage.client;
    this.#table = storage.table;
    this.#clock = storage.clock;
  }

  async read(partition: PartitionKey, producerId: bigint): Promise<ProducerState | undefined> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: producerKey(partition, producerId),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const { Item: item } = await sent('GetItem', this.#client.send(command));
    if (item === undefined) return undefined;
    if (readNumber(item, 'expires') * SECOND_MS <= this.#clock.answeredMs()) return undefined;
    return {
      ...decodeProducerState(readText(item, 'state')),
      lastOffset: readBigint(item, 'lastOffset'),
    };
  }

  /** Whoever puts a state has just heard from the storage, so that its clock is known. */
  async put(partition: PartitionKey, producer: KnownProducer): Promise<'put' | 'newer'> {
    const expiresMs = this.#clock.notPassedMs() + PRODUCER_EXPIRATION_MS;
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: {
        ...producerKey(partition, producer.producerId),
        state: textValue(encodeProducerState(producer)),
        lastOffset: numberValue(producer.lastOffset),
        expires: numberValue(Math.ceil(expiresMs / SECOND_MS)),
      },
      ConditionExpression: NOT_NEWER,
      ExpressionAttributeValues: { ':lastOffset': numberValue(producer.lastOffset) },
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('PutItem', this.#client.send(command));
    return outcome.kind === 'done' ? 'put' : 'newer';
  }
}

function producerKey(partition: PartitionKey, producerId: bigint) {
  return {
    pk: textValue(partitionKeyText(partition)),
    sk: textValue(producerSortKey(producerId)),
  };
}
