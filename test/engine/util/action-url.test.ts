import { expect } from '@open-wc/testing';
import { actionUrl } from '../../../src/engine/util/action-url.js';

describe('the URL of an action', () => {
  it('lies below the base, with or without a slash at its end', () => {
    for (const signer of ['/sign', '/sign/', '/sign//'])
      expect(actionUrl('chunk_loaded', { signer })).to.equal('/sign/chunk_loaded');
  });

  it('is its own where the page gave one, and none where that is empty', () => {
    const options = { signer: '/sign', urls: { chunk_loaded: '', get_init_signature: '/other' } };
    expect(actionUrl('chunk_loaded', options)).to.equal(null);
    expect(actionUrl('get_init_signature', options)).to.equal('/other');
    expect(actionUrl('get_end_signature', options)).to.equal('/sign/get_end_signature');
    expect(actionUrl('get_end_signature', {})).to.equal(null);
  });
});
