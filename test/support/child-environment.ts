// The environment of programs whose output a test compares. What this run of the tests has for itself is left out: Node
// warns on stderr of FORCE_COLOR beside NO_COLOR, and of what NODE_OPTIONS asks for.

const OWN = ['FORCE_COLOR', 'NO_COLOR', 'NODE_OPTIONS', 'STRATALOG_ENDPOINT', 'STRATALOG_TOKEN'];

export function childEnvironment(
  more: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !OWN.includes(name));
  return { ...Object.fromEntries(inherited), ...more };
}
