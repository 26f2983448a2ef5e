// Programs written for kafkajs, with this client over HTTP. The same programs run with kafkajs against a real Kafka in the
// interop suite, and must return the same.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as kit from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { PROGRAMS } from '../support/kafkajs-programs.ts';

let home: LocalHome;
beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});
afterAll(() => home.close());

describe('a program written for kafkajs, with import and constructor changed', () => {
  it.each(PROGRAMS.map((program, index) => ({ ...program, name: `program-${index}` })))(
    '$title',
    async ({ run, expected, name }) => {
      const kafka = new kit.Stratalog({ endpoint: home.url, logLevel: kit.logLevel.NOTHING });
      expect(await run({ kit, kafka, name })).toEqual(expected);
    },
  );
});
