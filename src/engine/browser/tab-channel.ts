import type { TabChannel } from '../ports.js';

/** Ends with the version of what is said: tabs with another one do not hear each other, and share by the lock alone. */
const NAME = 'mule-upload/1';

/**
 * All tabs of this origin, by BroadcastChannel; alone where there is none, or where it is refused.
 * @see https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts
 */
export const broadcast: TabChannel = {
  open(onMessage) {
    try {
      const channel = new BroadcastChannel(NAME);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => onMessage(data);
      return { say: (message) => channel.postMessage(message), leave: () => channel.close() };
    } catch {
      return { say: () => {}, leave: () => {} };
    }
  },
};
