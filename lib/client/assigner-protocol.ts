// A member's assignment as Kafka's clients write it down among themselves (ConsumerProtocolAssignment), for programs that
// read descriptions of groups with kafkajs's `AssignerProtocol`. Big-endian:
//
//   version int16, topicCount int32, topic*, userData bytes       topic = name string, partitionCount int32, partition int32*
//   string = length int16, UTF-8                                  bytes = length int32 (-1: null), bytes

import { StratalogClientError } from './errors.ts';

export interface MemberAssignment {
  readonly version: number;
  readonly assignment: Readonly<Record<string, readonly number[]>>;
  readonly userData: Buffer;
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export function encodeAssignment(assignment: MemberAssignment['assignment']): Buffer {
  return AssignerProtocol.MemberAssignment.encode({
    version: 0,
    assignment,
    userData: Buffer.alloc(0),
  });
}

function decode(bytes: Buffer): MemberAssignment | null {
  if (bytes.length === 0) return null;
  let at = 0;
  const take = (count: number): Buffer => {
    if (count < 0 || at + count > bytes.length) {
      throw new StratalogClientError('unreadable', 'these bytes are no assignment of a member');
    }
    at += count;
    return bytes.subarray(at - count, at);
  };
  const version = take(2).readInt16BE();
  const topicCount = take(4).readInt32BE();
  const assignment: Record<string, number[]> = {};
  for (let topic = 0; topic < topicCount; topic += 1) {
    const name = take(take(2).readInt16BE()).toString();
    const partitionCount = take(4).readInt32BE();
    const partitions = take(partitionCount * 4);
    assignment[name] = Array.from({ length: partitionCount }, (_, index) =>
      partitions.readInt32BE(index * 4),
    );
  }
  const userData = take(Math.max(0, take(4).readInt32BE()));
  return { version, assignment, userData };
}

export const AssignerProtocol = {
  MemberAssignment: {
    encode({ version, assignment, userData }: MemberAssignment): Buffer {
      const topics = Object.entries(assignment).map(([name, partitions]) =>
        Buffer.concat([
          int16(Buffer.byteLength(name)),
          Buffer.from(name),
          int32(partitions.length),
          ...partitions.map(int32),
        ]),
      );
      const parts = [int16(version), int32(topics.length), ...topics];
      return Buffer.concat([...parts, int32(userData.length), userData]);
    },
    decode,
  },
} as const;
