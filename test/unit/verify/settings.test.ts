import { describe, expect, it } from 'vitest';
import { readSettings } from '../../support/verify/settings.ts';

const URL_GIVEN = ['--endpoint', 'http://127.0.0.1:4510'];

describe('readSettings', () => {
  it('takes an endpoint and minutes', () => {
    expect(readSettings([...URL_GIVEN, '--minutes', '0.5'], {})).toMatchObject({
      connection: { endpoint: 'http://127.0.0.1:4510' },
      minutes: 0.5,
    });
  });

  it('starts a home of its own without an endpoint', () => {
    expect(readSettings([], {})).toMatchObject({ connection: undefined, minutes: 1 });
  });

  it('takes a token from the environment, unless it signs', () => {
    const environment = { STRATALOG_TOKEN: 'secret' };
    expect(readSettings(URL_GIVEN, environment)?.connection?.token).toBe('secret');
    const signed = readSettings([...URL_GIVEN, '--sigv4', 'eu-west-1'], environment);
    expect(signed?.connection).toMatchObject({ region: 'eu-west-1', token: undefined });
  });

  it.each([
    [['--endpoint', 'localhost:4510'], '--endpoint is a URL'],
    [['--endpoint', ''], '--endpoint is a URL'],
    [['--endpoint', 'ftp://host'], '--endpoint is a URL'],
    [['--minutes', '0'], '--minutes is a number from 0.1 to 1440, not "0"'],
    [['--minutes', 'ten'], '--minutes is a number'],
    [['--minutes', ''], '--minutes is a number'],
    [['--minutes', '-1'], 'argument is ambiguous'],
    [['--scale', '1.5'], '--scale is a whole number from 1 to 20'],
    [['--partitions', '0'], '--partitions is a whole number'],
    [['--sigv4', 'eu-west-1'], 'give one'],
    [[...URL_GIVEN, '--sigv4', 'Ireland'], '--sigv4 is an AWS region'],
    [[...URL_GIVEN, '--sigv4', 'eu-west-1', '--token', 'x'], 'exclude each other'],
    [['--minuets', '1'], 'Unknown option'],
  ])('refuses %j and says why', (args, message) => {
    expect(() => readSettings(args, {})).toThrow(message);
  });

  it('has help', () => {
    expect(readSettings(['--help'], {})).toBeUndefined();
  });
});
