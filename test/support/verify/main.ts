// npm run verify -- --endpoint URL --minutes N

import { writeFileSync } from 'node:fs';
import { HomeProcess } from './home-process.ts';
import { printReport } from './report.ts';
import { HELP, readSettings, type Settings } from './settings.ts';
import { verify } from './verification.ts';

const EXIT_CODES = { kept: 0, broken: 1, 'too little was done': 2 } as const;

function parse(): Settings | undefined {
  try {
    return readSettings(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(settings: Settings): Promise<number> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
  process.once('SIGTERM', () => interrupt.abort(new Error('interrupted')));
  const home = settings.connection === undefined ? await HomeProcess.start() : undefined;
  const connection = settings.connection ?? { endpoint: home?.url ?? '' };
  let isKept = false;
  try {
    tell(`verifying ${connection.endpoint} for ${settings.minutes} minutes`);
    const verification = { ...settings, connection, home, tell, interrupted: interrupt.signal };
    const report = await verify(verification);
    writeFileSync(settings.reportFile, `${JSON.stringify(report, null, 2)}\n`);
    tell(printReport(report));
    tell(`the report is in ${settings.reportFile}`);
    isKept = settings.keep || report.verdict === 'broken';
    if (isKept && home !== undefined) tell(`the local home's data is in ${home.dataDirectory}`);
    return EXIT_CODES[report.verdict];
  } finally {
    await home?.stop({ keepData: isKept });
  }
}

const settings = parse();
if (settings === undefined) {
  process.stdout.write(HELP);
} else {
  try {
    process.exitCode = await run(settings);
  } catch (error) {
    process.stderr.write(`could not verify: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 2;
  }
}
