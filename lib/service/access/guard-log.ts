// The services of the log as one principal may use them. Each operation is Kafka's for the same request
// (docs/SECURITY.md has the table). Refusing comes before any look at what there is, so that what is there and what
// isn't are refused alike.

import type { Rejected } from '../../errors.ts';
import type { AppendRejected } from '../../log/append.ts';
import type { AppendService } from '../append/append.ts';
import { notAttempted } from '../append/commit-to-heads.ts';
import type { ProduceService } from '../append/produce.ts';
import { rejectedFetch } from '../read/collect.ts';
import type { OffsetFinder } from '../read/offset-finder.ts';
import type { ReadService } from '../read/read.ts';
import { createRecordReader } from '../read/record-reader.ts';
import type { Services } from '../services.ts';
import type { Rights } from './access.ts';
import { answerAllowed } from './guard-parts.ts';
import { guardTopics } from './guard-topics.ts';

export function guardServices(services: Services, rights: Rights): Services {
  const read = guardRead(services.read, rights);
  return {
    topics: guardTopics(services.topics, rights),
    append: guardAppend(services.append, rights),
    produce: guardProduce(services.produce, rights),
    read,
    records: createRecordReader(read),
    listOffsets: guardOffsetFinder(services.listOffsets, rights),
  };
}

interface Place {
  readonly topicName: string;
  readonly partition: number;
}

function placed({ topicName, partition }: Place, refusal: Rejected): AppendRejected {
  return { ...refusal, topicName, partition };
}

function guardAppend(append: AppendService, rights: Rights): AppendService {
  const refuse = (part: Place): AppendRejected | undefined => {
    const refusal = rights.refusal('WRITE', 'TOPIC', part.topicName);
    return refusal && placed(part, refusal);
  };
  return {
    async append(request) {
      const { partitions } = request;
      if (request.atomic === true && partitions.some((part) => refuse(part) !== undefined)) {
        return partitions.map((part) => refuse(part) ?? placed(part, notAttempted()));
      }
      return answerAllowed(partitions, refuse, (allowed) =>
        append.append({ ...request, partitions: allowed }),
      );
    },
    // Names no topic's records and stores nothing: only what is about to be appended is checked.
    check: (request) => append.check(request),
  };
}

function guardProduce(produce: ProduceService, rights: Rights): ProduceService {
  const refusalOf = ({ topicName }: { readonly topicName: string }): Rejected | undefined =>
    rights.refusal('WRITE', 'TOPIC', topicName);
  return {
    async produce(request) {
      const { records } = request;
      if (request.atomic === true && records.some((record) => refusalOf(record) !== undefined)) {
        return records.map((record) => refusalOf(record) ?? notAttempted());
      }
      return answerAllowed(records, refusalOf, (allowed) =>
        produce.produce({ ...request, records: allowed }),
      );
    },
    async produceBatches(request) {
      const { partitions } = request;
      const refuse = (part: Place): AppendRejected | undefined => {
        const refusal = refusalOf(part);
        return refusal && placed(part, refusal);
      };
      if (request.atomic === true && partitions.some((part) => refuse(part) !== undefined)) {
        return partitions.map((part) => refuse(part) ?? placed(part, notAttempted()));
      }
      return answerAllowed(partitions, refuse, (allowed) =>
        produce.produceBatches({ ...request, partitions: allowed }),
      );
    },
  };
}

function guardRead(read: ReadService, rights: Rights): ReadService {
  return {
    fetch: (request, signal) =>
      answerAllowed(
        request.partitions,
        (asked) => {
          const refusal = rights.refusal('READ', 'TOPIC', asked.topicName);
          return refusal && rejectedFetch(asked, refusal);
        },
        (allowed) => {
          // Who has an error to hear of doesn't wait for records.
          const isWhole = allowed.length === request.partitions.length;
          const maxWaitMs = isWhole ? request.maxWaitMs : 0;
          return read.fetch({ ...request, maxWaitMs, partitions: allowed }, signal);
        },
      ),
  };
}

function guardOffsetFinder(finder: OffsetFinder, rights: Rights): OffsetFinder {
  return {
    find: async (request) =>
      rights.refusal('DESCRIBE', 'TOPIC', request.topicName) ?? (await finder.find(request)),
  };
}
