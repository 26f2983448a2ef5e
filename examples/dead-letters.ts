// A record that can't be handled must not stop the others, and must not be lost: after three tries it goes to a topic of
// its own, from where the CLI shows it and, once what was wrong is mended, sends it back.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newTopic, openLog, until } from './shared/log.ts';

const log = openLog();
const topic = await newTopic(log, 'signups', 1);
const deadLetterTopic = `${topic}.dlq`;
await log.admin().createTopics({ topics: [{ topic: deadLetterTopic }] });

async function cli(...args: string[]): Promise<string> {
  const launcher = fileURLToPath(new URL('../lib/cli/stratalog.mjs', import.meta.url));
  console.log(`$ stratalog ${args.join(' ')}`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [launcher, ...args]);
  return (stdout + stderr).trimEnd();
}

const producer = log.producer();
await producer.connect();
const emails = ['ann@example.com', 'not an address', 'zoe@example.com'];
await producer.send({ topic, messages: emails.map((value) => ({ value })) });
await producer.disconnect();

let isStrict = true;
const welcomed: string[] = [];
const consumer = log.consumer({
  groupId: `${topic}-welcome`,
  lowLatency: true,
  failurePolicy: {
    retry: { retries: 2, initialRetryTime: 20 },
    afterRetries: 'dead-letter',
    deadLetterTopic,
  },
});
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const email = String(message.value);
    if (isStrict && !email.includes('@')) throw new TypeError(`"${email}" has no @`);
    welcomed.push(email);
  },
});

await until(() => welcomed.length === 2);
console.log(`welcomed ${welcomed.join(' and ')}`);
console.log(await cli('dlq', 'list', deadLetterTopic));

isStrict = false;
console.log(await cli('dlq', 'redrive', deadLetterTopic));
await until(() => welcomed.length === 3);
console.log(`then also ${welcomed[2]}`);
await consumer.disconnect();
