// What every example needs: a client of the log at STRATALOG_ENDPOINT (default: `npm start`), and a topic of its own.

import { Stratalog } from '../../lib/index.ts';

export function openLog(): Stratalog {
  return new Stratalog({
    endpoint: process.env.STRATALOG_ENDPOINT ?? 'http://127.0.0.1:4510',
    clientId: 'example',
  });
}

/** A new name each time, so that an example can run twice. */
export async function newTopic(log: Stratalog, name: string, numPartitions = 3): Promise<string> {
  const topic = `${name}-${Date.now().toString(36)}`;
  await log.admin().createTopics({ topics: [{ topic, numPartitions }] });
  return topic;
}

/** Waits until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
