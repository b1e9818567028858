import { expect } from '@open-wc/testing';
import { explainMixedContent, watchPolicy } from '../../../src/engine/browser/page-policy.js';

const violate = (init: Partial<SecurityPolicyViolationEventInit>): boolean =>
  document.dispatchEvent(
    new SecurityPolicyViolationEvent('securitypolicyviolation', {
      documentURI: location.href,
      blockedURI: 'https://store.test/bucket/key?x=1',
      violatedDirective: 'connect-src',
      effectiveDirective: 'connect-src',
      originalPolicy: "connect-src 'self'",
      disposition: 'enforce',
      statusCode: 200,
      bubbles: true,
      ...init,
    }),
  );

describe('a request that the page’s policy blocks', () => {
  it('is reported with the directive and the origin to allow', () => {
    const policy = watchPolicy('https://store.test/bucket/other');
    violate({});
    expect(policy()).to.contain('connect-src').and.to.contain('https://store.test');
    const policyOfOrigin = watchPolicy('https://store.test/a');
    violate({ blockedURI: 'https://store.test' });
    expect(policyOfOrigin()).to.contain('https://store.test');
  });

  it('is not reported if another origin is blocked, or a policy is report-only', () => {
    const policy = watchPolicy('https://store.test/a');
    violate({ blockedURI: 'https://store.test.example/a' });
    violate({ blockedURI: 'https://store.test:8443/a' });
    violate({ blockedURI: 'inline' });
    violate({ disposition: 'report' });
    expect(policy()).to.equal('');
  });

  it('is reported for each request that is in flight, and not for a later one', () => {
    const [one, two] = [watchPolicy('https://store.test/a'), watchPolicy('https://store.test/b')];
    violate({});
    const later = watchPolicy('https://store.test/a');
    expect(later()).to.equal('');
    for (const policy of [one, two]) expect(policy()).to.contain('connect-src');
  });

  it('is reported for a request in flight after many other violations', () => {
    const policy = watchPolicy('https://store.test/a');
    for (let index = 0; index < 100; index++) violate({ blockedURI: 'https://other.test' });
    violate({});
    expect(policy()).to.contain('connect-src');
  });

  it('is mixed content if a secure page uses http: for another host', () => {
    const mixedContentOf = (page: string, url: string): string => explainMixedContent(page, new URL(url));
    expect(mixedContentOf('https://page.test/', 'http://store.test/a'))
      .to.contain('http://store.test')
      .and.to.contain('https:');
    expect(mixedContentOf('http://page.test/', 'http://store.test/a')).to.equal('');
    expect(mixedContentOf('https://page.test/', 'https://store.test/a')).to.equal('');
    for (const host of ['localhost:9000', '127.0.0.1', '[::1]:8080', 'store.localhost'])
      expect(mixedContentOf('https://page.test/', `http://${host}/a`)).to.equal('');
  });
});
