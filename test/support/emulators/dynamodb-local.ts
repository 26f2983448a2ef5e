// DynamoDB Local: AWS's own, so what it does decides; from Maven Central, needs Java 17.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, startServer } from './server.ts';
import { installTool } from './tools.ts';

const VERSION = '2.6.1';
const MAIN_CLASS = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
const PROJECT = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stratalog</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>${VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** A server with nothing in it, in memory. */
export async function startDynamodbLocal(): Promise<Server> {
  const folder = await installTool({
    name: `dynamodb-local-${VERSION}`,
    file: join('libs', `DynamoDBLocal-${VERSION}.jar`),
    steps: (place) => {
      const project = join(place, 'pom.xml');
      writeFileSync(project, PROJECT);
      const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
      const args = ['-q', '-B', '-f', project, ...goal, `-DoutputDirectory=${join(place, 'libs')}`];
      return [{ command: 'mvn', args }];
    },
  });
  return await startServer({
    name: 'dynamodb-local',
    command: 'java',
    folder,
    args: (port) => [
      '-Xmx512m',
      '-Djava.library.path=libs',
      ...['-cp', join('libs', '*'), MAIN_CLASS],
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
  });
}
