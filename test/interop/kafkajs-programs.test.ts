// The programs of the end-to-end test with kafkajs itself against a real Kafka: what they return there is what they must
// return with this client. Needs Java 17 and Maven.

import * as kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, newBroker } from '../support/kafka/broker.ts';
import { type Kit, PROGRAMS, type Setting } from '../support/kafkajs-programs.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await newBroker();
  await broker.start();
}, 120_000);
afterAll(() => broker.remove());

describe('a program written for kafkajs, as it is', () => {
  it.each(PROGRAMS.map((program, index) => ({ ...program, name: `program-${index}` })))(
    '$title',
    async ({ run, expected, name }) => {
      const { logLevel, Kafka } = kafkajs;
      const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
      const setting = { kit: kafkajs as unknown as Kit, kafka: kafka as unknown, name } as Setting;
      expect(await run(setting)).toEqual(expected);
    },
  );
});
