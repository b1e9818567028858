import { expect } from '@open-wc/testing';
import { actionUrl } from '../../../src/engine/util/action-url.js';

describe('the URL of an action', () => {
  it('is below the base URL, with or without a trailing slash', () => {
    for (const signer of ['/sign', '/sign/', '/sign//'])
      expect(actionUrl('chunk_loaded', { signer })).to.equal('/sign/chunk_loaded');
  });

  it('is the URL that the page has set for the action, and null if that is empty', () => {
    const options = { signer: '/sign', urls: { chunk_loaded: '', get_init_signature: '/other' } };
    expect(actionUrl('chunk_loaded', options)).to.equal(null);
    expect(actionUrl('get_init_signature', options)).to.equal('/other');
    expect(actionUrl('get_end_signature', options)).to.equal('/sign/get_end_signature');
    expect(actionUrl('get_end_signature', {})).to.equal(null);
  });
});
