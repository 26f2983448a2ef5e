// What any server over HTTP in Node pays: POST writes the body to a file of its own and syncs it, GET answers with the
// bytes of one of them. No log, no checks. Arguments: the folder for the files.

import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
let written = 0;
let read = 0;

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    read += 1;
    response.end(await readFile(join(folder, `bare-${read % written}`)));
    return;
  }
  const body = Buffer.allocUnsafeSlow(Number(request.headers['content-length']));
  let atBytes = 0;
  for await (const chunk of request) atBytes += (chunk as Buffer).copy(body, atBytes);
  const path = join(folder, `bare-${written}`);
  written += 1;
  const file = await open(path, 'w');
  await file.write(body);
  await file.datasync();
  await file.close();
  response.end('{}');
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
