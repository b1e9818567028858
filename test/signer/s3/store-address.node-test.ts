import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isEndpointUrl, locateStore } from '../../../src/signer/s3/store-address.js';

const urlOf = (...options: Parameters<typeof locateStore>) => {
  const { origin, host, basePath } = locateStore(...options);
  assert.equal(new URL(origin).host, host);
  return origin + basePath;
};

describe('store address', () => {
  it("is Amazon's virtual host of the region unless an endpoint is given", () => {
    assert.equal(urlOf({ bucket: 'films', region: 'eu-west-1' }), 'https://films.s3.eu-west-1.amazonaws.com/');
    assert.equal(urlOf({ bucket: 'films', region: 'cn-north-1' }), 'https://films.s3.cn-north-1.amazonaws.com.cn/');
  });

  it('is a dual-stack or accelerated host if requested', () => {
    const films = { bucket: 'films', region: 'eu-west-1' };
    assert.equal(urlOf({ ...films, dualStack: true }), 'https://films.s3.dualstack.eu-west-1.amazonaws.com/');
    assert.equal(urlOf({ ...films, accelerate: true }), 'https://films.s3-accelerate.amazonaws.com/');
    assert.equal(
      urlOf({ ...films, accelerate: true, dualStack: true }),
      'https://films.s3-accelerate.dualstack.amazonaws.com/',
    );
  });

  it('is path-style for a bucket with dots, because no certificate covers such a host', () => {
    assert.equal(urlOf({ bucket: 'my.films', region: 'eu-west-1' }), 'https://s3.eu-west-1.amazonaws.com/my.films/');
  });

  it('is path-style at an endpoint, and virtual-hosted if requested', () => {
    const endpoint = 'http://127.0.0.1:9000';
    assert.equal(urlOf({ bucket: 'films', region: 'x', endpoint }), 'http://127.0.0.1:9000/films/');
    assert.equal(
      urlOf({ bucket: 'films', region: 'x', endpoint: 'https://store.example:443/s3/' }),
      'https://store.example/s3/films/',
    );
    assert.equal(
      urlOf({ bucket: 'films', region: 'x', endpoint: 'https://store.example', pathStyle: false }),
      'https://films.store.example/',
    );
  });

  it('recognizes valid endpoints', () => {
    assert.ok(isEndpointUrl('http://[::1]:9000/'));
    for (const value of [
      'store.example',
      'ftp://store.example',
      'https://a:b@store.example',
      'https://store.example/?x',
      '',
      7,
      null,
    ]) {
      assert.ok(!isEndpointUrl(value), String(value));
    }
  });
});
