// The background jobs as they are deployed: invoked as their schedules invoke them, with the rights that they have.

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { asking, newTopic, text } from '../support/deploy/ask.ts';
import { signedEndpoint } from '../support/deploy/endpoint.ts';

const cloud = inject('cloud');
const stack = inject('httpStack') ?? inject('restStack');
const ask = asking(() => signedEndpoint(cloud, stack.url));
const lambda = new LambdaClient(cloud);

afterAll(() => lambda.destroy());

/** The job's report, after a run to its end. */
async function runJob(name: string, event: object = {}): Promise<Record<string, unknown>> {
  const FunctionName = stack.jobs[name];
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
  const told = Buffer.from(answer.Payload ?? []).toString();
  expect(answer.FunctionError, told).toBeUndefined();
  return JSON.parse(told).report;
}

async function fill(topic: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const json = { partition_id: 0, key: text(`${index % 3}`), value: text(`${index}`) };
    expect((await ask('POST', `/topics/${topic}/records`, { json })).status).toBe(200);
  }
}

async function configure(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
  const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
  const answer = await ask('PATCH', `/topics/${topic}`, { json: { configs: list } });
  expect(answer.status).toBe(200);
}

/** Every value, over as many answers as it takes. */
async function readAll(topic: string): Promise<string[]> {
  const values: string[] = [];
  for (let from = 'from=earliest'; ; ) {
    const { json } = await ask('GET', `/topics/${topic}/partitions/0/records?${from}`);
    values.push(...json.records.map((record: { value: { data: string } }) => record.value.data));
    if (json.next_offset >= json.high_watermark) return values;
    from = `offset=${json.next_offset}`;
  }
}

describe('the deployed background jobs', () => {
  it('merge, apply retention, and lose no record that should stay', async () => {
    const topic = await newTopic(ask);
    await configure(topic, { 'segment.ms': '1' });
    await fill(topic, 40);
    const before = await readAll(topic);
    const merged = await runJob('build-segments');
    expect(merged).toMatchObject({ damaged: [], failures: [] });
    expect(merged.segments).toBeGreaterThan(0);
    expect(await readAll(topic)).toEqual(before);
    const { json: stored } = await ask('GET', `/topics/${topic}/partitions/0/segments`);
    expect(stored).toMatchObject({
      next_offset: 40,
      tail_entries: 0,
      pages_count: 0,
      damage: null,
    });
    expect(stored.segments.at(-1)).toMatchObject({ end_offset: 40 });
    const all = await ask('GET', `/topics/${topic}/segments`);
    expect(all.json.data[0].segments_count).toBe(stored.segments.length);
    await configure(topic, { 'retention.ms': '1' });
    const applied = await runJob('apply-retention');
    expect(applied).toMatchObject({ failures: [] });
    expect(applied.raised).toBeGreaterThan(0);
    const left = await readAll(topic);
    expect(left.length).toBeLessThan(before.length);
    expect(before.slice(before.length - left.length)).toEqual(left);
  });

  it('compact a log to the latest record of each key', async () => {
    const topic = await newTopic(ask);
    await configure(topic, {
      'cleanup.policy': 'compact',
      'segment.ms': '1',
      'min.cleanable.dirty.ratio': '0',
    });
    await fill(topic, 40);
    await runJob('build-segments');
    expect(await runJob('compact-log')).toMatchObject({ damaged: [], failures: [] });
    const left = await readAll(topic);
    expect(left.length).toBeLessThan(40);
    expect(left).toEqual(expect.arrayContaining(['37', '38', '39']));
  });

  it('no-loss-by-cleanup: collect no garbage that is younger than the grace', async () => {
    const topic = await newTopic(ask);
    await fill(topic, 3);
    await ask('DELETE', `/topics/${await newTopic(ask)}`);
    expect(await runJob('collect-garbage')).toMatchObject({
      ran: true,
      walObjects: 0,
      segmentObjects: 0,
    });
    const preview = await ask('GET', '/garbage');
    expect(preview.json).toMatchObject({ wal_objects: 0, segment_objects: 0, keys: [] });
    const dry = await runJob('collect-garbage', { dryRun: true });
    expect(dry).toMatchObject({ ran: true, walObjects: 0, keys: [] });
    expect(await readAll(topic)).toEqual(['0', '1', '2']);
  });

  it('say how far the group that is furthest behind is', async () => {
    const topic = await newTopic(ask);
    await fill(topic, 3);
    const json = { offsets: [{ topic_name: topic, partition_id: 0, offset: 1 }] };
    const path = `/consumer-groups/watched-${topic}/offsets`;
    expect((await ask('POST', path, { json })).status).toBe(200);
    const watched = await runJob('watch-groups');
    expect(watched).toMatchObject({ failures: [], deletedGroupIds: [] });
    expect(watched.lagRecords).toBeGreaterThanOrEqual(2);
    await ask('DELETE', `/consumer-groups/watched-${topic}`);
  });
});
