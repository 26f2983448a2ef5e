// `npm start`: the local home, with what to type next.

import { parseArgs } from 'node:util';
import { StratalogError } from '../errors.ts';
import { type LocalAccess, parseLocalAccess } from './access.ts';
import { type LocalHome, startLocalHome } from './home.ts';

const DEFAULT_PORT = 4510;
const HELP = `Stratalog's local home: a whole log in one process on this machine.

  npm start -- [options]

  --port N        port of the HTTP API (default ${DEFAULT_PORT}; 0: any free one)
  --host HOST     address to listen on (default 127.0.0.1; nothing is authenticated here)
  --data-dir DIR  where the data is (default ./.stratalog; :memory: keeps none)
  --acls          who isn't a super user may do what access lists say, and nothing else
  --super-user P  a principal that may do everything, as User:admin; may be given several times
  --allow-everyone-if-no-acl-found
                  what no access list is about is everybody's
  --principal-header NAME
                  who asks says who they are in this header, and is believed: for tests, and behind a proxy on this
                  machine that has seen to it. Without it everybody is User:ANONYMOUS
  --help          this text
`;

interface Settings {
  readonly port: number;
  readonly host: string;
  readonly dataDirectory: string;
  readonly access: LocalAccess | undefined;
}

/** Undefined: help was asked for. */
function readSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      host: { type: 'string', default: '127.0.0.1' },
      'data-dir': { type: 'string', default: './.stratalog' },
      acls: { type: 'boolean', default: false },
      'super-user': { type: 'string', multiple: true, default: [] },
      'allow-everyone-if-no-acl-found': { type: 'boolean', default: false },
      'principal-header': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    throw new TypeError(`--port is a number from 0 to 65535, not "${values.port}"`);
  }
  const { host, acls } = values;
  const access = parseLocalAccess({
    acls,
    host,
    superUsers: values['super-user'],
    allowIfNoAcl: values['allow-everyone-if-no-acl-found'],
    principalHeader: values['principal-header'],
  });
  return { port, host, dataDirectory: values['data-dir'], access };
}

function welcome(url: string, dataDirectory: string): string {
  const json = "-H 'content-type: application/json'";
  return `Stratalog is up: ${url}   (data in ${dataDirectory})

  # create a topic
  curl -s -X POST ${url}/topics ${json} \\
    -d '{"topic_name":"orders","partitions_count":3}'

  # append a record
  curl -s -X POST ${url}/topics/orders/records ${json} \\
    -d '{"partition_id":0,"key":{"type":"STRING","data":"order-17"},"value":{"type":"JSON","data":{"total":42}}}'

  # read it
  curl -s '${url}/topics/orders/partitions/0/records?from=earliest'

  # everything there is: ${url}/openapi.json
  # stop: Ctrl-C (or kill ${process.pid}); what was acknowledged stays
`;
}

/** What to say when it can't start. */
function explain(error: unknown, settings: Settings): string {
  if (error instanceof StratalogError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const { port, host } = settings;
  if (code === 'EADDRINUSE') {
    return `port ${port} of ${host} is taken: is Stratalog running already? Else choose another one with --port`;
  }
  if (code === 'EACCES')
    return `port ${port} of ${host} may not be used; choose one above 1023 with --port`;
  if (code === 'EADDRNOTAVAIL')
    return `${host} is no address of this machine; choose another --host`;
  throw error;
}

/** The first signal finishes what is under way, the second one ends at once. */
function stopOnSignal(home: LocalHome): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(130);
    isStopping = true;
    process.stdout.write('stopping …\n');
    home.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function parse(): Settings | undefined {
  try {
    return readSettings(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

const settings = parse();
if (settings === undefined) {
  process.stdout.write(HELP);
} else {
  try {
    const home = await startLocalHome(settings);
    process.stdout.write(welcome(home.url, settings.dataDirectory));
    stopOnSignal(home);
  } catch (error) {
    process.stderr.write(`${explain(error, settings)}\n`);
    process.exitCode = 1;
  }
}
