import assert from 'node:assert/strict';
import { Agent, createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { Fault, FaultProxy, Rule } from '../../demo/faults/index.js';
import { errorXml } from '../../demo/faults/injected-response.js';
import { seededRandom } from '../../demo/faults/random.js';
import { RuleSet } from '../../demo/faults/rules.js';
import type { RuledRequest } from '../../demo/faults/rules.js';

interface ReceivedResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const PART_TARGET = '/bucket/key?partNumber=1&uploadId=u';
const KIB = 1024;

/** Waits until a condition holds. The test runner's timeout ends a test in which it never does. */
async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

interface SendOptions {
  method?: string;
  target?: string;
  agent?: Agent;
  /** When it resolves, the request ends with the outcome `silence`. By default, the request waits for a response. */
  until?: Promise<unknown>;
}

/** Sends one request on its own connection. Returns the response, or the kind of failure. */
function send(
  base: string,
  body = '',
  { method = 'PUT', target = PART_TARGET, agent = new Agent(), until }: SendOptions = {},
) {
  return new Promise<ReceivedResponse | string>((end) => {
    const outgoing = request(base + target, { method, agent, headers: { origin: 'http://page', 'x-test': 'e' } });
    void until?.then(() => {
      end('silence');
      outgoing.destroy();
    });
    let text = '';
    outgoing.on('error', (error: NodeJS.ErrnoException) => end(text ? `cut after ${text.length}` : (error.code ?? '')));
    outgoing.on('response', (response) => {
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('error', () => end(`cut after ${text.length}`));
      response.on('end', () => end({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    outgoing.end(body);
  });
}

describe('the fault rules', () => {
  const fault: Fault = { do: 'reset' };
  const part = (partNumber = 1, more: Partial<RuledRequest> = {}): RuledRequest => ({
    kind: 'part',
    bucket: 'b',
    key: 'k',
    partNumber,
    uploadId: 'u',
    isFirstOfConnection: true,
    ...more,
  });
  /** Returns a character for each request: x if the rule applies to it, - if not. */
  const markApplied = (rule: Omit<Rule, 'fault'>, requests: RuledRequest[], seed = 1): string => {
    const ruleSet = new RuleSet(seededRandom(seed));
    ruleSet.set([{ ...rule, fault }]);
    return requests.map((one) => (ruleSet.choose(one) ? 'x' : '-')).join('');
  };
  const sixParts = Array.from({ length: 6 }, (_, index) => part(index + 1));

  it('apply by kind of request, part, order and count', () => {
    assert.equal(markApplied({ on: 'part' }, sixParts), 'xxxxxx');
    assert.equal(markApplied({ on: ['list', 'complete'] }, sixParts), '------');
    assert.equal(markApplied({ part: 3 }, sixParts), '--x---');
    assert.equal(markApplied({ nth: 2 }, sixParts), '-x----');
    assert.equal(markApplied({ every: 2 }, sixParts), '-x-x-x');
    assert.equal(markApplied({ times: 2 }, sixParts), 'xx----');
    assert.equal(markApplied({ every: 2, times: 1 }, sixParts), '-x----');
    assert.equal(
      markApplied({ firstOfConnection: true, nth: 1 }, [part(1, { isFirstOfConnection: false }), part(2), part(3)]),
      '-x-',
    );
  });

  it('apply to preflights only if they name them', () => {
    const preflight = part(1, { kind: 'preflight' });
    assert.equal(markApplied({}, [preflight, part()]), '-x');
    assert.equal(markApplied({ on: 'preflight' }, [preflight, part()]), 'x-');
  });

  it('apply with the given probability, and to the same requests for the same seed', () => {
    const many = Array.from({ length: 1_000 }, () => part());
    const first = markApplied({ probability: 0.3 }, many, 7);
    assert.equal(markApplied({ probability: 0.3 }, many, 7), first);
    assert.notEqual(markApplied({ probability: 0.3 }, many, 8), first);
    const count = first.replaceAll('-', '').length;
    assert.ok(count > 250 && count < 350, `${count} of 1000`);
  });

  it('apply in order: the first one that applies decides, and the others count the request too', () => {
    const ruleSet = new RuleSet(seededRandom(1));
    ruleSet.set([
      { nth: 1, fault: { do: 'reset' } },
      { nth: 2, fault: { do: 'delay', ms: 1 } },
    ]);
    assert.deepEqual(
      [ruleSet.choose(part())?.do, ruleSet.choose(part())?.do, ruleSet.choose(part())],
      ['reset', 'delay', null],
    );
    assert.deepEqual(ruleSet.appliedCounts, [1, 1]);
  });
});

describe('the fault proxy with a rule', () => {
  let store: Server;
  let proxy: FaultProxy;
  /** The bodies that the store has received completely. */
  let receivedBodies: string[] = [];

  before(async () => {
    store = createServer((incoming, answer) => {
      let body = '';
      incoming.on('data', (chunk) => (body += String(chunk)));
      incoming.on('end', () => {
        receivedBodies.push(body);
        answer.setHeader('etag', '"e"').setHeader('host-seen', incoming.headers.host!).end('an answer');
      });
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  });
  after(() => void store.close());
  afterEach(() => proxy.close());

  /** Starts a proxy that applies a fault once, unless the rule says otherwise. */
  const startProxy = async (fault: Fault, conditions: Omit<Rule, 'fault'> = { times: 1 }): Promise<void> => {
    receivedBodies = [];
    proxy = await startFaultProxy(`http://127.0.0.1:${(store.address() as AddressInfo).port}`, {
      rules: [{ ...conditions, fault }],
    });
  };
  /** Expects that the next request passes unchanged, and that the rule has applied once. */
  const expectNextRequestPasses = async (): Promise<void> => {
    const next = await send(proxy.url, 'after');
    assert.equal((next as ReceivedResponse).body, 'an answer');
    assert.equal(
      (next as ReceivedResponse).headers['host-seen'],
      new URL(proxy.url).host,
      'the proxy changed the header Host',
    );
    assert.equal(receivedBodies.at(-1), 'after');
    assert.deepEqual(proxy.appliedCounts, [1]);
  };
  const body = 'x'.repeat(512 * KIB);

  it('resets a connection at once, so that the store receives nothing', async () => {
    await startProxy({ do: 'reset' });
    assert.equal(await send(proxy.url), 'ECONNRESET');
    assert.deepEqual(receivedBodies, []);
    await expectNextRequestPasses();
  });

  it('resets a connection after some bytes, so that the store receives only a part of the body', async () => {
    await startProxy({ do: 'reset', afterBytes: 100 * KIB });
    assert.ok(['ECONNRESET', 'EPIPE'].includes((await send(proxy.url, body)) as string));
    assert.deepEqual(receivedBodies, []);
    const { bytes, fault, deliveredAt } = proxy.requests[0]!;
    assert.ok(bytes >= 100 * KIB, `${bytes} bytes`);
    assert.deepEqual([fault, deliveredAt], ['reset', null]);
    await expectNextRequestPasses();
  });

  it('never responds: before the store receives the request, after some bytes of it, or after the store has acted', async () => {
    await startProxy({ do: 'silence', when: 'before' });
    assert.equal(await send(proxy.url, body, { until: sleep(300) }), 'silence');
    assert.deepEqual(receivedBodies, []);
    await expectNextRequestPasses();
    await proxy.close();
    await startProxy({ do: 'silence', when: 'before', afterBytes: 100 * KIB });
    assert.equal(await send(proxy.url, body.repeat(20), { until: sleep(300) }), 'silence');
    assert.ok(proxy.bytes() < body.length, 'the proxy must stop reading the body');
    await expectNextRequestPasses();
    await proxy.close();
    await startProxy({ do: 'silence', when: 'after' });
    assert.equal(await send(proxy.url, body, { until: waitUntil(() => proxy.requests[0]?.status === 200) }), 'silence');
    assert.deepEqual(receivedBodies, [body]);
    assert.equal(proxy.requests[0]!.status, 200);
    await expectNextRequestPasses();
  });

  it('loses the response after the store has acted', async () => {
    await startProxy({ do: 'lose-reply' });
    assert.equal(await send(proxy.url, body), 'ECONNRESET');
    assert.deepEqual(receivedBodies, [body]);
    assert.equal(proxy.requests[0]!.deliveredAt, null);
    await expectNextRequestPasses();
    assert.notEqual(proxy.requests[1]!.deliveredAt, null);
  });

  it('cuts the response after some bytes', async () => {
    await startProxy({ do: 'cut', afterBytes: 4 });
    assert.equal(await send(proxy.url), 'cut after 4');
    await expectNextRequestPasses();
  });

  it('throttles and delays requests', async () => {
    await startProxy({ do: 'throttle', rate: 1024 * KIB });
    let startedAt = performance.now();
    await send(proxy.url, body);
    assert.ok(performance.now() - startedAt > 400);
    await expectNextRequestPasses();
    await proxy.close();
    await startProxy({ do: 'delay', ms: 200 });
    startedAt = performance.now();
    assert.equal(((await send(proxy.url, '')) as ReceivedResponse).status, 200);
    assert.ok(performance.now() - startedAt > 190);
    await expectNextRequestPasses();
  });

  it('resets all connections, and refuse new ones for some time', async () => {
    await startProxy({ do: 'refuse', forMs: 3_000 });
    assert.equal(await send(proxy.url), 'ECONNRESET');
    assert.equal(await send(proxy.url), 'ECONNREFUSED');
    await waitUntil(async () => (await send(proxy.url)) !== 'ECONNREFUSED');
    await expectNextRequestPasses();
  });

  it('answers instead of the store, with status, headers and body, with or without CORS headers', async () => {
    const injected = { status: 503, headers: { 'X-Note': 'n' }, body: errorXml('SlowDown') } as const;
    await startProxy({ do: 'answer', ...injected, retryAfter: { seconds: 7, as: 'seconds' } });
    const { status, headers, body: text } = (await send(proxy.url, body)) as ReceivedResponse;
    assert.deepEqual([status, text, receivedBodies], [503, errorXml('SlowDown'), []]);
    assert.deepEqual(
      [headers['retry-after'], headers['x-note'], headers['content-type'], headers['access-control-allow-origin']],
      ['7', 'n', 'application/xml', 'http://page'],
    );
    await expectNextRequestPasses();
    await proxy.close();
    await startProxy({ do: 'answer', status: 403, cors: false, retryAfter: { seconds: 60, as: 'date' } });
    const sentAt = Date.now();
    const refused = (await send(proxy.url)) as ReceivedResponse;
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
    const until = Date.parse(String(refused.headers['retry-after']));
    // a date has whole seconds
    assert.ok(until > sentAt + 59_000 && until <= Date.now() + 60_000, `${until - sentAt} ms ahead`);
    await expectNextRequestPasses();
  });

  it('answers after the store has acted, and edits the store’s response', async () => {
    await startProxy({ do: 'answer-after', status: 500 });
    assert.equal(((await send(proxy.url, 'acted')) as ReceivedResponse).status, 500);
    assert.deepEqual(receivedBodies, ['acted']);
    await expectNextRequestPasses();
    await proxy.close();
    await startProxy({ do: 'edit', edit: (answer) => ({ body: answer.body.toUpperCase() }) });
    const edited = (await send(proxy.url)) as ReceivedResponse;
    assert.deepEqual([edited.body, edited.headers.etag], ['AN ANSWER', '"e"']);
    await expectNextRequestPasses();
  });

  it('alters the body that the store receives', async () => {
    await startProxy({ do: 'alter', alter: (whole) => Buffer.concat([whole.subarray(1), Buffer.from('end')]) });
    const outcome = (await send(proxy.url, 'a body')) as ReceivedResponse;
    assert.deepEqual([outcome.status, outcome.body], [200, 'an answer']);
    assert.deepEqual(receivedBodies, [' bodyend']);
    assert.deepEqual([proxy.requests[0]!.bytes, proxy.requests[0]!.fault], [6, 'alter']);
    await expectNextRequestPasses();
  });

  it('uses one connection for each request if configured so', async () => {
    proxy = await startFaultProxy(`http://127.0.0.1:${(store.address() as AddressInfo).port}`, {
      connectionPerRequest: true,
    });
    const agent = new Agent({ keepAlive: true });
    for (let count = 0; count < 3; count++) {
      const { headers } = (await send(proxy.url, '', { agent })) as ReceivedResponse;
      assert.equal(headers.connection, 'close');
    }
    assert.deepEqual(
      proxy.requests.map(({ isFirstOfConnection }) => isFirstOfConnection),
      [true, true, true],
    );
  });
});
