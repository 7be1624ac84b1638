import { createServer, request } from 'node:https';
import { generate } from 'selfsigned';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PromptAgent } from '../../../lib/secret/prompt-agent.ts';
import { startHoldingProxy } from '../../support/holding-proxy.ts';
import { listen } from '../../support/listen.ts';

/** A store over TLS, whose side of the handshake can be held back. */
async function startStore() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const requests: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    requests.push(String(request.url));
    response.end('answer');
  });
  const port = await listen(server);
  const proxy = await startHoldingProxy(port);
  const send = (agent: PromptAgent) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { host: 'localhost', port: proxy.port, ca: cert, agent, method: 'POST' };
      request(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end('signed now');
    });
  return { requests, proxy, send };
}

describe('a request', () => {
  // During a freeze only the wall clock moves: timers continue with the time that they had left.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  async function sendAcrossFreeze(frozenMs: number) {
    const { requests, proxy, send } = await startStore();
    proxy.hold();
    const agent = new PromptAgent(1_000);
    onTestFinished(() => agent.destroy());
    const startedAt = Date.now();
    const sent = send(agent);
    sent.catch(() => {});
    await vi.waitUntil(() => proxy.waiting === 1, { timeout: 15_000 });
    vi.setSystemTime(startedAt + frozenMs);
    proxy.release();
    return { sent, requests };
  }

  test('is sent where its connection stands in time', async () => {
    const { sent, requests } = await sendAcrossFreeze(1_000);
    expect(await sent).toBe(200);
    expect(requests).toHaveLength(1);
  });

  test('is not sent where a freeze came in between, and fails as one that the SDK tries again', async () => {
    const { sent, requests } = await sendAcrossFreeze(1_001);
    await expect(sent).rejects.toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(requests).toEqual([]);
  });
});

test('a connection is kept for another attempt of the same read', async () => {
  const { requests, proxy, send } = await startStore();
  const agent = new PromptAgent(1_000);
  onTestFinished(() => agent.destroy());
  await send(agent);
  proxy.hold();
  await send(agent);
  expect(requests).toHaveLength(2);
  expect(proxy.waiting).toBe(0);
});
