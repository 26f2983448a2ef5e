// Money moves between accounts that lie in different partitions: each transfer is a transaction of two records, and
// either both are in the log or neither is. Clerks are processes that work side by side; some are killed in the middle
// of whatever they do, and their successors take their ids over. An auditor, a process that knows nothing of them, adds
// everything up all the while: no money is ever made or lost.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../lib/index.ts';
import { newTopic, openLog } from './shared/log.ts';

const ACCOUNTS = 6;
const PARTITIONS = 3;
const DEPOSIT = 100;
const CLERKS = 3;
const KILLS = 5;
/** A clerk that has made a transfer is killed some time after it, at most so much. */
const WORK_MS = 300;

interface Posting {
  /** Both records of a transfer carry it. */
  readonly transfer: string;
  readonly account: number;
  readonly amount: number;
}

/** What the auditor says in the end. */
interface Audit {
  readonly looks: number;
  readonly totals: readonly number[];
  readonly transfers: number;
}

const log = openLog();
const [role = 'bank', topic = await newTopic(log, 'accounts', PARTITIONS), clerk = ''] =
  process.argv.slice(2);
let isOver = false;
if (role === 'bank') await runBank();
else process.stdin.resume().once('end', () => (isOver = true));
if (role === 'clerk') await runClerk();
if (role === 'auditor') console.log(JSON.stringify(await runAuditor()));
await log.close();

/** Another process of this program; its standard input ends when it is to finish. */
function start(...args: readonly string[]): ChildProcess {
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  return spawn(process.execPath, [process.argv[1] ?? '', ...args], { stdio: [...stdio] });
}

async function runBank(): Promise<void> {
  await deposit();
  const auditor = start('auditor', topic);
  const audited = auditor.stdout === null ? '' : text(auditor.stdout);
  const clerks = Array.from({ length: CLERKS }, (_, number) => start('clerk', topic, `${number}`));
  for (let kill = 0; kill < KILLS; kill += 1) {
    const number = kill % CLERKS;
    const victim = clerks[number];
    if (victim?.stdout != null) await once(victim.stdout, 'data');
    await sleep(WORK_MS * Math.random());
    victim?.kill('SIGKILL');
    clerks[number] = start('clerk', topic, `${number}`);
  }
  await sleep(WORK_MS);
  for (const one of [...clerks, auditor]) {
    const exited = once(one, 'exit');
    one.stdin?.end();
    one.stdout?.resume();
    await exited;
  }
  const { looks, totals, transfers } = JSON.parse(await audited) as Audit;
  console.log(`${transfers} transfers were made, while ${KILLS} clerks were killed at their work`);
  console.log(`in all accounts together, at each of ${looks} looks: ${totals.join(', ')}`);
}

function posting(transfer: string, account: number, amount: number): Message {
  const value: Posting = { transfer, account, amount };
  const partition = account % PARTITIONS;
  return { key: `account-${account}`, partition, value: JSON.stringify(value) };
}

async function deposit(): Promise<void> {
  const producer = log.producer({ transactionalId: `${topic}-bank` });
  await producer.connect();
  const opening = await producer.transaction();
  const messages = Array.from({ length: ACCOUNTS }, (_, account) =>
    posting('opening', account, DEPOSIT),
  );
  await opening.send({ topic, messages });
  await opening.commit();
  await producer.disconnect();
}

/** Its first transaction fences whoever had the id before, and drops what that left half done. */
async function runClerk(): Promise<void> {
  const producer = log.producer({ transactionalId: `${topic}-clerk-${clerk}` });
  await producer.connect();
  for (let made = 0; !isOver; made += 1) {
    const from = made % ACCOUNTS;
    const to = (from + 1 + (made % (ACCOUNTS - 1))) % ACCOUNTS;
    const name = `${clerk}/${process.pid}/${made}`;
    const transfer = await producer.transaction();
    await transfer.send({ topic, messages: [posting(name, from, -1)] });
    await transfer.send({ topic, messages: [posting(name, to, 1)] });
    await transfer.commit();
    process.stdout.write(`${name}\n`);
  }
  await producer.disconnect();
}

async function runAuditor(): Promise<Audit> {
  const totals = new Set<number>();
  let looks = 0;
  do {
    totals.add(await total());
    looks += 1;
  } while (!isOver);
  const transfers = new Set((await readAll()).map(({ transfer }) => transfer)).size - 1;
  return { looks, totals: [...totals], transfers };
}

/** Partitions are read one after the other: what the first look has seen of a transfer, the second sees whole. */
async function total(): Promise<number> {
  const seen = new Set((await readAll()).map(({ transfer }) => transfer));
  const whole = (await readAll()).filter(({ transfer }) => seen.has(transfer));
  return whole.reduce((sum, { amount }) => sum + amount, 0);
}

async function readAll(): Promise<Posting[]> {
  const postings: Posting[] = [];
  for await (const { messages } of log.read({ topic })) {
    for (const { value } of messages) postings.push(JSON.parse(String(value)) as Posting);
  }
  return postings;
}
