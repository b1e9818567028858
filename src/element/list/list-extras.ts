import type { ReactiveControllerHost } from 'lit';
import { drawPartMap } from './part-map.js';
import type { LIST_SIZES } from './row-ranges.js';
import { RowVirtualizer } from './row-virtualizer.js';
import { sparklinePath } from './sparkline.js';
import { SpeedHistory } from './speed-history.js';
import { Thumbnails, type ThumbnailHooks } from './thumbnails.js';

/**
 * The parts of the list besides its rows: virtualization of long lists, part maps, sparklines and thumbnails.
 * Loaded with the first upload. Imports no module that the main file imports too.
 */
export class ListExtras {
  readonly rowRanges: RowVirtualizer;
  readonly thumbnails: Thumbnails;
  readonly speeds = new SpeedHistory();
  readonly drawPartMap = drawPartMap;

  constructor(host: ReactiveControllerHost & Element, hooks: ThumbnailHooks, sizes: typeof LIST_SIZES) {
    this.rowRanges = new RowVirtualizer(host, sizes);
    this.thumbnails = new Thumbnails(host, hooks);
  }

  sparklinePath(id: string): string {
    return sparklinePath(this.speeds.samplesOf(id));
  }
}
