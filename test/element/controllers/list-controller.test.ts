import { expect } from '@open-wc/testing';
import { createHarness, fileOf, shadowQuery, until, untilRendered } from '../harness.js';

describe('ListController', () => {
  it('continues the countdown to the next retry after the element was moved', async () => {
    const { element, store } = await createHarness();
    store.behaviour = 'busy';
    await element.add([fileOf('a.txt')]);
    const seconds = (): number =>
      Number(/retries in (\d+) sec/.exec(shadowQuery(element, '[part=status]')?.textContent ?? '')?.[1] ?? NaN);
    await until(() => seconds() > 2);
    const container = document.createElement('div');
    document.body.append(container);
    container.append(element);
    await untilRendered(element);
    const secondsAfterMove = seconds();
    await until(() => seconds() < secondsAfterMove - 1);
    element.abort();
    container.remove();
    expect(secondsAfterMove).to.be.above(1);
  });
});
