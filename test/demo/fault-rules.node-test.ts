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

interface Outcome {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const PART = '/bucket/key?partNumber=1&uploadId=u';
const KIB = 1024;

/** Waits until a condition holds; the runner ends a test in which it never does. */
async function untilSo(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

interface SendOptions {
  method?: string;
  target?: string;
  agent?: Agent;
  /** Ends the request, whose outcome is then `silence`; without it, it waits for an answer. */
  until?: Promise<unknown>;
}

/** Sends one request on its own connection, and returns the response, or the code of the error. */
function send(
  base: string,
  body = '',
  { method = 'PUT', target = PART, agent = new Agent(), until }: SendOptions = {},
) {
  return new Promise<Outcome | string>((end) => {
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

describe('the rules of faults', () => {
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
  const strikes = (rule: Omit<Rule, 'fault'>, requests: RuledRequest[], seed = 1): string => {
    const ruleSet = new RuleSet(seededRandom(seed));
    ruleSet.set([{ ...rule, fault }]);
    return requests.map((one) => (ruleSet.choose(one) ? 'x' : '-')).join('');
  };
  const six = Array.from({ length: 6 }, (_, index) => part(index + 1));

  it('match by kind, part, order and number', () => {
    assert.equal(strikes({ on: 'part' }, six), 'xxxxxx');
    assert.equal(strikes({ on: ['list', 'complete'] }, six), '------');
    assert.equal(strikes({ part: 3 }, six), '--x---');
    assert.equal(strikes({ nth: 2 }, six), '-x----');
    assert.equal(strikes({ every: 2 }, six), '-x-x-x');
    assert.equal(strikes({ times: 2 }, six), 'xx----');
    assert.equal(strikes({ every: 2, times: 1 }, six), '-x----');
    assert.equal(
      strikes({ firstOfConnection: true, nth: 1 }, [part(1, { isFirstOfConnection: false }), part(2), part(3)]),
      '-x-',
    );
  });

  it('exclude preflights unless these are named', () => {
    const preflight = part(1, { kind: 'preflight' });
    assert.equal(strikes({}, [preflight, part()]), '-x');
    assert.equal(strikes({ on: 'preflight' }, [preflight, part()]), 'x-');
  });

  it('match with the given probability, and the same way for the same seed', () => {
    const many = Array.from({ length: 1_000 }, () => part());
    const first = strikes({ probability: 0.3 }, many, 7);
    assert.equal(strikes({ probability: 0.3 }, many, 7), first);
    assert.notEqual(strikes({ probability: 0.3 }, many, 8), first);
    const count = first.replaceAll('-', '').length;
    assert.ok(count > 250 && count < 350, `${count} of 1000`);
  });

  it('apply in order: the first match decides, and the others count anyway', () => {
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

describe('the faults of the proxy', () => {
  let store: Server;
  let proxy: FaultProxy;
  /** Bodies that the store has received whole. */
  let taken: string[] = [];

  before(async () => {
    store = createServer((incoming, answer) => {
      let body = '';
      incoming.on('data', (chunk) => (body += String(chunk)));
      incoming.on('end', () => {
        taken.push(body);
        answer.setHeader('etag', '"e"').setHeader('host-seen', incoming.headers.host!).end('an answer');
      });
    });
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  });
  after(() => void store.close());
  afterEach(() => proxy.close());

  const start = async (fault: Fault, more: Omit<Rule, 'fault'> = { times: 1 }): Promise<void> => {
    taken = [];
    proxy = await startFaultProxy(`http://127.0.0.1:${(store.address() as AddressInfo).port}`, {
      rules: [{ ...more, fault }],
    });
  };
  const passes = async (): Promise<void> => {
    const after = await send(proxy.url, 'after');
    assert.equal((after as Outcome).body, 'an answer');
    assert.equal((after as Outcome).headers['host-seen'], new URL(proxy.url).host, 'Host is as the client sent it');
    assert.equal(taken.at(-1), 'after');
    assert.deepEqual(proxy.appliedCounts, [1]);
  };
  const body = 'x'.repeat(512 * KIB);

  it('reset at once: the store receives nothing', async () => {
    await start({ do: 'reset' });
    assert.equal(await send(proxy.url), 'ECONNRESET');
    assert.deepEqual(taken, []);
    await passes();
  });

  it('reset half-way: the store gets a part of the body', async () => {
    await start({ do: 'reset', afterBytes: 100 * KIB });
    assert.ok(['ECONNRESET', 'EPIPE'].includes((await send(proxy.url, body)) as string));
    assert.deepEqual(taken, []);
    const { bytes, fault, deliveredAt } = proxy.requests[0]!;
    assert.ok(bytes >= 100 * KIB, `${bytes} bytes`);
    assert.deepEqual([fault, deliveredAt], ['reset', null]);
    await passes();
  });

  it('silence before the store receives it, after n bytes, and after it has acted', async () => {
    await start({ do: 'silence', when: 'before' });
    assert.equal(await send(proxy.url, body, { until: sleep(300) }), 'silence');
    assert.deepEqual(taken, []);
    await passes();
    await proxy.close();
    await start({ do: 'silence', when: 'before', afterBytes: 100 * KIB });
    assert.equal(await send(proxy.url, body.repeat(20), { until: sleep(300) }), 'silence');
    assert.ok(proxy.bytes() < body.length, 'it stops taking the body');
    await passes();
    await proxy.close();
    await start({ do: 'silence', when: 'after' });
    assert.equal(await send(proxy.url, body, { until: untilSo(() => proxy.requests[0]?.status === 200) }), 'silence');
    assert.deepEqual(taken, [body]);
    assert.equal(proxy.requests[0]!.status, 200);
    await passes();
  });

  it('lose the reply: the store has acted', async () => {
    await start({ do: 'lose-reply' });
    assert.equal(await send(proxy.url, body), 'ECONNRESET');
    assert.deepEqual(taken, [body]);
    assert.equal(proxy.requests[0]!.deliveredAt, null);
    await passes();
    assert.notEqual(proxy.requests[1]!.deliveredAt, null);
  });

  it('cut the answer after n bytes', async () => {
    await start({ do: 'cut', afterBytes: 4 });
    assert.equal(await send(proxy.url), 'cut after 4');
    await passes();
  });

  it('throttle and delay', async () => {
    await start({ do: 'throttle', rate: 1024 * KIB });
    let begun = performance.now();
    await send(proxy.url, body);
    assert.ok(performance.now() - begun > 400);
    await passes();
    await proxy.close();
    await start({ do: 'delay', ms: 200 });
    begun = performance.now();
    assert.equal(((await send(proxy.url, '')) as Outcome).status, 200);
    assert.ok(performance.now() - begun > 190);
    await passes();
  });

  it('refuse for a while: every connection is cut and new ones are refused', async () => {
    await start({ do: 'refuse', forMs: 3_000 });
    assert.equal(await send(proxy.url), 'ECONNRESET');
    assert.equal(await send(proxy.url), 'ECONNREFUSED');
    await untilSo(async () => (await send(proxy.url)) !== 'ECONNREFUSED');
    await passes();
  });

  it('answer in the store’s place: status, headers, body, and CORS or none', async () => {
    const played = { status: 503, headers: { 'X-Note': 'n' }, body: errorXml('SlowDown') } as const;
    await start({ do: 'answer', ...played, retryAfter: { seconds: 7, as: 'seconds' } });
    const { status, headers, body: text } = (await send(proxy.url, body)) as Outcome;
    assert.deepEqual([status, text, taken], [503, errorXml('SlowDown'), []]);
    assert.deepEqual(
      [headers['retry-after'], headers['x-note'], headers['content-type'], headers['access-control-allow-origin']],
      ['7', 'n', 'application/xml', 'http://page'],
    );
    await passes();
    await proxy.close();
    await start({ do: 'answer', status: 403, cors: false, retryAfter: { seconds: 60, as: 'date' } });
    const asked = Date.now();
    const refused = (await send(proxy.url)) as Outcome;
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
    const until = Date.parse(String(refused.headers['retry-after']));
    // a date has whole seconds
    assert.ok(until > asked + 59_000 && until <= Date.now() + 60_000, `${until - asked} ms ahead`);
    await passes();
  });

  it('answer in the store’s place after it has acted, and edit its response', async () => {
    await start({ do: 'answer-after', status: 500 });
    assert.equal(((await send(proxy.url, 'acted')) as Outcome).status, 500);
    assert.deepEqual(taken, ['acted']);
    await passes();
    await proxy.close();
    await start({ do: 'edit', edit: (answer) => ({ body: answer.body.toUpperCase() }) });
    const edited = (await send(proxy.url)) as Outcome;
    assert.deepEqual([edited.body, edited.headers.etag], ['AN ANSWER', '"e"']);
    await passes();
  });

  it('alter the body: the store receives, and answers, the changed one', async () => {
    await start({ do: 'alter', alter: (whole) => Buffer.concat([whole.subarray(1), Buffer.from('end')]) });
    const outcome = (await send(proxy.url, 'a body')) as Outcome;
    assert.deepEqual([outcome.status, outcome.body], [200, 'an answer']);
    assert.deepEqual(taken, [' bodyend']);
    assert.deepEqual([proxy.requests[0]!.bytes, proxy.requests[0]!.fault], [6, 'alter']);
    await passes();
  });

  it('can use one connection per request', async () => {
    proxy = await startFaultProxy(`http://127.0.0.1:${(store.address() as AddressInfo).port}`, {
      connectionPerRequest: true,
    });
    const agent = new Agent({ keepAlive: true });
    for (let count = 0; count < 3; count++) {
      const { headers } = (await send(proxy.url, '', { agent })) as Outcome;
      assert.equal(headers.connection, 'close');
    }
    assert.deepEqual(
      proxy.requests.map(({ isFirstOfConnection }) => isFirstOfConnection),
      [true, true, true],
    );
  });
});
