// `npm run demo:groups`: four things that happen to consumer groups, live: drawn in place on a terminal, line by line
// elsewhere. Its own local home in memory, or --endpoint.
//
//   1. consumers join one after the other, then one dies        3. two become five and two again, while records flow
//   2. more consumers than partitions: the idle one takes over  4. partitions are added under load

import { parseArgs } from 'node:util';
import { type Consumer, httpTransport, Stratalog } from '../lib/index.ts';
import { startLocalHome } from '../lib/local/home.ts';

const FRAME_MS = 100;
/** Short where somebody dies; long enough elsewhere that nobody is put out because the machine was busy. */
const SHORT_SESSION_MS = 1_500;
const LONG_SESSION_MS = 10_000;

interface Member {
  readonly name: string;
  readonly consumer: Consumer;
  readonly read: Map<number, number>;
  /** From now on nothing of it reaches the log, as when its process is killed. */
  kill(): void;
  state: 'alive' | 'dead' | 'gone';
}

interface SceneOptions {
  readonly partitionCount: number;
  readonly sessionMs: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

class Scene {
  readonly #url: string;
  readonly #client: Stratalog;
  readonly #topic: string;
  readonly #members: Member[] = [];
  #partitionCount: number;
  readonly #sessionMs: number;
  #sent = 0;
  #isFlowing = false;
  #flow: Promise<void> = Promise.resolve();
  #drawnLines = 0;
  #lastFrame = '';
  readonly #timer: NodeJS.Timeout;

  private constructor(url: string, topic: string, { partitionCount, sessionMs }: SceneOptions) {
    this.#url = url;
    this.#topic = topic;
    this.#partitionCount = partitionCount;
    this.#sessionMs = sessionMs;
    this.#client = new Stratalog({ endpoint: url });
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  static async open(url: string, title: string, options: SceneOptions): Promise<Scene> {
    say(`\n${title}`);
    const topic = `order-events-${Date.now().toString(36)}`;
    const scene = new Scene(url, topic, options);
    const admin = scene.#client.admin();
    await admin.createTopics({ topics: [{ topic, numPartitions: options.partitionCount }] });
    return scene;
  }

  async join(count = 1): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const member = await this.#start(`C${this.#members.length + 1}`);
      this.#members.push(member);
      await this.#settle();
    }
  }

  async #start(name: string): Promise<Member> {
    const transport = httpTransport({ endpoint: this.#url });
    let isDead = false;
    const client = new Stratalog({
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      transport: {
        ...transport,
        send: (request) => (isDead ? Promise.reject(new Error('killed')) : transport.send(request)),
      },
    });
    const consumer = client.consumer({
      groupId: `${this.#topic}-group`,
      assignor: 'range',
      sessionTimeout: this.#sessionMs,
      heartbeatInterval: 150,
      lowLatency: true,
    });
    const read = new Map<number, number>();
    await consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition }) => {
        read.set(partition, (read.get(partition) ?? 0) + 1);
      },
    });
    const kill = (): void => {
      isDead = true;
    };
    return { name, consumer, read, kill, state: 'alive' };
  }

  async kill(name: string): Promise<void> {
    const member = this.#find(name);
    member.kill();
    member.state = 'dead';
    await this.#settle();
  }

  async leave(name: string): Promise<void> {
    const member = this.#find(name);
    member.state = 'gone';
    await member.consumer.disconnect();
    await this.#settle();
  }

  flow(): void {
    this.#isFlowing = true;
    this.#flow = (async () => {
      const producer = this.#client.producer({ linger: 5, metadataMaxAge: 200 });
      await producer.connect();
      while (this.#isFlowing) {
        const messages = Array.from({ length: 20 }, () => {
          this.#sent += 1;
          return { key: `order-${this.#sent}`, value: 'OrderPlaced' };
        });
        await producer.send({ topic: this.#topic, messages });
        await pause(20);
      }
      await producer.disconnect();
    })();
  }

  async addPartitions(count: number): Promise<void> {
    const admin = this.#client.admin();
    await admin.createPartitions({ topicPartitions: [{ topic: this.#topic, count }] });
    this.#partitionCount = count;
    await this.#settle();
  }

  async close(): Promise<void> {
    this.#isFlowing = false;
    await this.#flow;
    await until(() => this.#readCount() >= this.#sent);
    clearInterval(this.#timer);
    this.#draw();
    await Promise.all(this.#members.map(({ consumer }) => consumer.disconnect()));
    if (this.#sent > 0) say(`${this.#sent} records sent, ${this.#readCount()} read`);
  }

  #find(name: string): Member {
    const member = this.#members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`there is no ${name}`);
    return member;
  }

  #readCount(): number {
    return this.#members
      .flatMap(({ read }) => [...read.values()])
      .reduce((sum, one) => sum + one, 0);
  }

  #owned({ consumer, state }: Member): number[] {
    return state === 'alive' ? (consumer.assignment()[0]?.partitions ?? []) : [];
  }

  /** Until every partition is with somebody and nobody has to give any up, and a moment to look at it. */
  async #settle(): Promise<void> {
    const all = Array.from({ length: this.#partitionCount }, (_, partition) => partition).join();
    const owned = (): string =>
      this.#members
        .flatMap((member) => this.#owned(member))
        .sort()
        .join();
    const admin = this.#client.admin();
    for (let state = ''; owned() !== all || state !== 'Stable'; await pause(50)) {
      const { groups } = await admin.describeGroups([`${this.#topic}-group`]);
      state = groups[0]?.state ?? '';
    }
    await pause(process.stdout.isTTY ? 1_200 : 300);
    this.#draw();
  }

  #draw(): void {
    const lines = this.#members.map((member) => {
      const owned = this.#owned(member);
      const boxes = Array.from({ length: this.#partitionCount }, (_, partition) =>
        owned.includes(partition) ? `[P${partition}]` : ' .  ',
      );
      const what = { alive: owned.length > 0 ? '' : 'idle', dead: 'dead', gone: 'left' }[
        member.state
      ];
      const count = [...member.read.values()].reduce((sum, one) => sum + one, 0);
      return `  ${member.name}  ${boxes.join(' ')}  ${what.padEnd(4)}  ${count > 0 ? `${count} records` : ''}`;
    });
    if (process.stdout.isTTY) {
      const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : '';
      process.stdout.write(up + lines.map((line) => `\x1b[2K${line}\n`).join(''));
      this.#drawnLines = lines.length;
      return;
    }
    // Elsewhere a line when something moved.
    const frame = this.#members
      .map(
        (member) =>
          `${member.name} ${member.state === 'alive' ? `P${this.#owned(member).join(',P')}` : member.state}`,
      )
      .map((text) => text.replace(/P$/, 'idle'))
      .join('   ');
    if (frame !== this.#lastFrame && frame !== '') say(`  ${frame}`);
    this.#lastFrame = frame;
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(20);
}

async function demonstrate(url: string): Promise<void> {
  const deadly = { partitionCount: 3, sessionMs: SHORT_SESSION_MS };
  const joining = await Scene.open(url, '1. One consumer, two, three; then C2 dies', deadly);
  await joining.join(3);
  await joining.kill('C2');
  await joining.close();

  const idle = await Scene.open(
    url,
    '2. Five consumers, three partitions; an idle one takes over',
    deadly,
  );
  await idle.join(5);
  await idle.kill('C1');
  await idle.close();

  const safe = { partitionCount: 3, sessionMs: LONG_SESSION_MS };
  const scaling = await Scene.open(
    url,
    '3. Two become five and two again, while records flow',
    safe,
  );
  await scaling.join(2);
  scaling.flow();
  await scaling.join(3);
  for (const name of ['C3', 'C4', 'C5']) await scaling.leave(name);
  await scaling.close();

  const growing = await Scene.open(url, '4. Three partitions become six under load', safe);
  await growing.join(2);
  growing.flow();
  await growing.addPartitions(6);
  await growing.join(4);
  await growing.close();
}

const { values } = parseArgs({ options: { endpoint: { type: 'string' } } });
if (values.endpoint !== undefined) {
  await demonstrate(values.endpoint);
} else {
  const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  await demonstrate(home.url);
  await home.close();
}
