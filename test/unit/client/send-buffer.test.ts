import { describe, expect, it } from 'vitest';
import { SendBuffer } from '../../../lib/client/send-buffer.ts';

describe('SendBuffer', () => {
  it('lets in what fits, and the rest in the order of arrival when there is room', async () => {
    const buffer = new SendBuffer(100);
    expect(buffer.reserve(80, 1_000)).toBeUndefined();
    const entered: string[] = [];
    const large = buffer.reserve(90, 1_000)?.then(() => entered.push('large'));
    const small = buffer.reserve(10, 1_000)?.then(() => entered.push('small'));
    buffer.release(80);
    await Promise.all([large, small]);
    expect(entered).toEqual(['large', 'small']);
    expect(buffer.heldBytes).toBe(100);
  });

  it('says clearly why a send failed when it stayed full', async () => {
    const buffer = new SendBuffer(100);
    await buffer.reserve(100, 1_000);
    await expect(buffer.reserve(1, 5)).rejects.toMatchObject({
      reason: 'buffer-full',
      message: expect.stringContaining('full for 5 ms'),
    });
    buffer.release(100);
    expect(buffer.reserve(100, 1_000)).toBeUndefined();
  });

  it('takes what is larger than itself when it is empty', () => {
    expect(new SendBuffer(100).reserve(500, 1_000)).toBeUndefined();
  });
});
