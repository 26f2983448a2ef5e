// The time that DynamoDB's answers say it is, moved by a test. DynamoDB itself looks at no clock: moments are in what it is
// asked, and whoever asks has them from these answers.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

export class MovedDates {
  #aheadMs = 0;

  pass(durationMs: number): void {
    this.#aheadMs += durationMs;
  }

  /** From now on, in what this client is answered about tables whose names begin so. */
  moveFor(client: DynamoDBClient, tablePrefix: string): void {
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { headers: Record<string, string> };
        if (JSON.stringify(args.input).includes(`"${tablePrefix}-`) && headers.date !== undefined) {
          headers.date = new Date(Date.parse(headers.date) + this.#aheadMs).toUTCString();
        }
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
  }
}
