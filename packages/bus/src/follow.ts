/** Following by name: the log over all of its segments, any other stream by itself. */
import type { Follower, FollowStream } from './following.ts';
import { followLog } from './log-follower.ts';
import { LOG } from './log-reader.ts';
import { followOneStream } from './stream-follower.ts';

/** Follows a stream, or the log as a whole where `LOG` is named; outages of the broker never end it. */
export function followStream(options: FollowStream): Follower {
  return options.stream === LOG ? followLog(options) : followOneStream(options);
}
