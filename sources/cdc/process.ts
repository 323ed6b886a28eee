import { openObjectStore } from '../../connectors/open-object-store.js';
import { systemClock } from '../../kernel/time.js';
import { runChild } from '../child-process.js';
import { type CaptureOptions, startCapture } from './capture.js';
import type { CdcStatus } from './status.js';

/** What the parent sends as `settings` of its `start` message. */
export interface CdcSettings
  extends Pick<
    CaptureOptions,
    'sourceUrl' | 'slot' | 'publication' | 'stateFolder' | 'rotation' | 'gzip' | 'topicPrefix'
  > {
  tables: string[];
  store: { url: string; accessKey?: string; secretKey?: string };
}

/** Sent about once a second. */
export interface CdcStatusMessage {
  type: 'status';
  status: CdcStatus;
}

runChild<CdcSettings, CdcStatusMessage>(async ({ store: address, ...settings }, signal, send) => {
  const store = await openObjectStore(address.url, address);
  const capture = startCapture({
    ...settings,
    store,
    clock: systemClock,
    onStatus: (status) => send({ type: 'status', status }),
    onWarning: (message) => send({ type: 'warning', message }),
  });
  signal.addEventListener('abort', () => void capture.stop().catch(() => {}), { once: true });
  if (signal.aborted) capture.stop().catch(() => {});
  try {
    await capture.done;
  } finally {
    await store.close();
  }
}, 25_000);
