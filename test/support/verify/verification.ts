// One verification from beginning to end: topics of its own, the crew at work while some of it is killed, quiet, the log
// as it lies then, and the judge.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stratalog } from '../../../lib/index.ts';
import { type Connection, transportOf } from './connection.ts';
import { Crew } from './crew.ts';
import { type Claim, topicOf } from './history.ts';
import { assemble, nowUs, ofKind, readHistory } from './history-lines.ts';
import type { HomeProcess } from './home-process.ts';
import { type Finding, finding } from './judge/findings.ts';
import { judge } from './judge/judge.ts';
import { cleanUp, committedOffsets, endsOf, readLog } from './log-state.ts';
import { type Report, reportOf } from './report.ts';
import type { Settings } from './settings.ts';
import { groupOf, type Role, type Topics } from './worker-settings.ts';

const CAST: readonly (readonly [Role, number])[] = [
  ['plain', 1],
  ['idempotent', 2],
  ['transactional', 2],
  ['consumer', 2],
  ['pipeline', 2],
  ['reader', 1],
];
const PRODUCING: readonly Role[] = ['plain', 'idempotent', 'transactional'];
const GROUPS: readonly Role[] = ['consumer', 'pipeline'];
const HOME_KILL_EVERY_MS = 7_000;
/** For the reader to see the end. */
const LAST_LOOK_MS = 2_000;
const SETTLE_POLL_MS = 500;
/** An endpoint that isn't there is to be told soon. */
const FIRST_RETRIES = 3;

export interface Verification extends Settings {
  readonly connection: Connection;
  readonly home: HomeProcess | undefined;
  readonly tell: (line: string) => void;
  readonly interrupted: AbortSignal;
}

export async function verify(verification: Verification): Promise<Report> {
  const { connection, partitionCount, ratePerSecond, keep, tell } = verification;
  const prefix = `verify-${Date.now().toString(36)}-${process.pid}`;
  const topics: Topics = {
    records: `${prefix}-records`,
    transfers: `${prefix}-transfers`,
    copies: `${prefix}-copies`,
  };
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-verify-'));
  const client = new Stratalog({ transport: transportOf(connection), clientId: 'verify' });
  const crew = new Crew({ connection, topics, partitionCount, prefix, ratePerSecond }, folder);
  let isKept = keep;
  let isBegun = false;
  try {
    await client.admin({ retry: { retries: FIRST_RETRIES } }).createTopics({
      topics: Object.values(topics).map((topic) => ({ topic, numPartitions: partitionCount })),
    });
    isBegun = true;
    const report = await run(verification, { client, crew, topics, prefix });
    isKept ||= report.verdict === 'broken';
    if (isKept) tell(`histories are in ${folder}, topics are ${prefix}-…`);
    return report;
  } finally {
    crew.killAll();
    if (!isBegun) rmSync(folder, { recursive: true, force: true });
    else if (!isKept) {
      const groups = [groupOf(prefix, 'consumer'), groupOf(prefix, 'pipeline')];
      await cleanUp(client, { topics: Object.values(topics), groups, tell });
      rmSync(folder, { recursive: true, force: true });
    }
    await client.close();
  }
}

interface Stage {
  readonly client: Stratalog;
  readonly crew: Crew;
  readonly topics: Topics;
  readonly prefix: string;
}

async function run(verification: Verification, stage: Stage): Promise<Report> {
  const { scale, tell, home, connection } = verification;
  const { crew } = stage;
  for (const [role, count] of CAST) {
    for (let number = 0; number < count * scale; number += 1) crew.start(role, `${role}-${number}`);
  }
  await crew.atWork(verification.interrupted);
  const startedAt = performance.now();
  const homeKills = await disturb(verification, crew);
  await crew.finish(PRODUCING);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  tell('nothing is sent any more; waiting for the groups to get to the end');
  const stuck = await settle(stage, verification.settleSeconds);
  await crew.finish(GROUPS);
  await sleep(LAST_LOOK_MS);
  await crew.finish(['reader']);
  tell(home === undefined ? 'judging' : 'judging, after a last restart of the local home');
  await home?.killAndRestart();
  const log = await readLog(stage.client, Object.values(stage.topics));
  const lines = crew.historyFiles.filter((file) => existsSync(file)).map(readHistory);
  const history = assemble(lines);
  const { records: inputTopic, copies: outputTopic } = stage.topics;
  const committed = await committedOffsets(stage.client, groupOf(stage.prefix, 'pipeline'));
  const seen = {
    ...history,
    claims: [...history.claims, ...(await lastClaims(stage, log.keys()))],
  };
  const findings = [...judge(seen, log, { inputTopic, outputTopic, committed }), ...stuck];
  const troubles = lines.flatMap((own) => ofKind(own, 'trouble')).map(({ what }) => what);
  const { endpoint } = connection;
  return reportOf({
    endpoint,
    seconds,
    crew: crew.news,
    homeKills,
    history,
    log,
    findings,
    troubles,
  });
}

/** What the consumers' group has committed in the end, as if somebody took everything over once more. */
async function lastClaims(
  { client, prefix, topics }: Stage,
  places: Iterable<string>,
): Promise<Claim[]> {
  const group = groupOf(prefix, 'consumer');
  const askedAtUs = nowUs();
  const committed = await committedOffsets(client, group);
  return [...places]
    .filter((place) => topicOf(place) !== topics.copies)
    .map((place) => {
      const offset = committed.get(place) ?? -1;
      return {
        ...{ group, place, member: 'whoever comes next', askedAtUs, answeredAtUs: nowUs() },
        ...{ outcome: 'done', offset: offset < 0 ? null : offset },
      };
    });
}

/** Until the time is over: how often the local home was killed. */
async function disturb(
  { minutes, strikeEverySeconds, home, tell, interrupted }: Verification,
  crew: Crew,
): Promise<number> {
  const endAt = performance.now() + minutes * 60_000;
  let homeKills = 0;
  const strikeEveryMs = strikeEverySeconds * 1_000;
  let [nextStrikeAt, nextHomeKillAt] = [strikeEveryMs, HOME_KILL_EVERY_MS].map(
    (ms) => performance.now() + ms,
  ) as [number, number];
  let nextWordAt = performance.now() + 10_000;
  while (performance.now() < endAt) {
    interrupted.throwIfAborted();
    await sleep(100);
    const now = performance.now();
    if (strikeEveryMs > 0 && now > nextStrikeAt) {
      crew.strike(Math.random);
      nextStrikeAt = now + strikeEveryMs * (0.5 + Math.random());
    }
    if (home !== undefined && strikeEveryMs > 0 && now > nextHomeKillAt) {
      await home.killAndRestart();
      homeKills += 1;
      nextHomeKillAt = now + HOME_KILL_EVERY_MS * (0.5 + Math.random());
    }
    if (now > nextWordAt) {
      const { kills, stops } = crew.news;
      tell(
        `${Math.round((endAt - now) / 1_000)} s to go, ${kills} killed, ${stops} stopped for a while`,
      );
      nextWordAt = now + 10_000;
    }
  }
  return homeKills;
}

/**
 * Nothing is killed any more: both groups must get to the end of what they read. They are stuck when they get no further
 * for so long; who is only slow has three times that.
 */
async function settle(stage: Stage, settleSeconds: number): Promise<Finding[]> {
  const { client, topics } = stage;
  const settleMs = settleSeconds * 1_000;
  const startedAt = performance.now();
  const ends = await endsOf(client, [topics.records, topics.transfers]);
  let [last, lastMovedAt] = ['', startedAt];
  for (;;) {
    const behind = [
      ...(await behindOf(stage, 'consumer', ends)),
      ...(await behindOf(stage, 'pipeline', ends)),
    ];
    if (behind.length === 0) return [];
    const now = performance.now();
    if (behind.join() !== last) [last, lastMovedAt] = [behind.join(), now];
    const isStuck = now - lastMovedAt > settleMs || now - startedAt > 3 * settleMs;
    if (isStuck) return behind.map((example) => finding('stuck', example));
    await sleep(SETTLE_POLL_MS);
  }
}

async function behindOf(
  { client, prefix, topics }: Stage,
  role: 'consumer' | 'pipeline',
  ends: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const committed = await committedOffsets(client, groupOf(prefix, role));
  const isRead = (place: string) => role === 'consumer' || topicOf(place) === topics.records;
  return [...ends]
    .filter(([place, end]) => isRead(place) && (committed.get(place) ?? 0) < end)
    .map(([place, end]) => `${role}s are at ${committed.get(place) ?? 0} of ${end} in ${place}`);
}
