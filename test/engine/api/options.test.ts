import { expect } from '@open-wc/testing';
import { MAX_PART_SIZE, MIN_PART_SIZE } from '../../../src/limits.js';
import { engineDefaults, mergeOptions } from '../../../src/engine/api/options.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';

describe('options', () => {
  it('have the documented defaults', () => {
    expect(engineDefaults).to.include({
      credentials: 'same-origin',
      autostart: true,
      partSize: 'auto',
      concurrency: 'auto',
      maxRetries: Infinity,
      stallTimeout: 30,
      bandwidthLimit: Infinity,
      checksum: 'auto',
      recover: 'auto',
    });
  });

  it('change one by one; undefined keeps a value', () => {
    const first = mergeOptions(engineDefaults, { signer: '/sign', concurrency: 2 });
    const second = mergeOptions(first, { concurrency: undefined, partSize: MIN_PART_SIZE });
    expect(second).to.include({ signer: '/sign', concurrency: 2, partSize: MIN_PART_SIZE });
    expect(Object.isFrozen(second)).to.be.true;
  });

  it('allow removing headers, params and sign', () => {
    const set = mergeOptions(engineDefaults, { headers: { a: 'b' }, params: { c: 1 }, sign: () => null });
    const reset = mergeOptions(set, { headers: undefined, params: undefined, sign: undefined });
    expect([reset.headers, reset.params, reset.sign]).to.deep.equal([undefined, undefined, undefined]);
  });

  it('throw a TypeError with option and value for invalid values', () => {
    const invalid: [UploaderOptions, string, string][] = [
      [{ partSize: MIN_PART_SIZE - 1 }, 'partSize', String(MIN_PART_SIZE - 1)],
      [{ partSize: MAX_PART_SIZE + 1 }, 'partSize', String(MAX_PART_SIZE + 1)],
      [{ partSize: 'large' as never }, 'partSize', '"large"'],
      [{ concurrency: 0 }, 'concurrency', '0'],
      [{ concurrency: 1.5 }, 'concurrency', '1.5'],
      [{ concurrency: Infinity }, 'concurrency', 'Infinity'],
      [{ maxRetries: -1 }, 'maxRetries', '-1'],
      [{ stallTimeout: 0 }, 'stallTimeout', '0'],
      [{ bandwidthLimit: NaN }, 'bandwidthLimit', 'NaN'],
      [{ checksum: 'md5' as never }, 'checksum', '"md5"'],
      [{ recover: true as never }, 'recover', 'true'],
      [{ credentials: 'always' as never }, 'credentials', '"always"'],
      [{ headers: 'Bearer x' as never }, 'headers', '"Bearer x"'],
      [{ sign: '/sign' as never }, 'sign', '"/sign"'],
      [{ urls: null as never }, 'urls', 'null'],
    ];
    for (const [options, name, value] of invalid) {
      expect(() => mergeOptions(engineDefaults, options), name)
        .to.throw(TypeError, `"${name}"`)
        .with.property('message')
        .that.contains(value);
    }
  });

  it('throw for unknown names', () => {
    expect(() => mergeOptions(engineDefaults, { chunkSize: 5 } as never)).to.throw(TypeError, '"chunkSize"');
  });
});
