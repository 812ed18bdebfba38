/** Every `<video>` of a page, also those that come later, and what players know better than their element. */
import { listen } from "./listening";
import { playback, running } from "./playback";
import type { Playback } from "./playback";

const playbacks = new WeakMap<HTMLVideoElement, Playback>();

/** Follow the videos under a root. A document does not look into shadow roots: each needs a call of its own. */
export function followVideos(root: Node = document): void {
  listen(root, "play timeupdate error", ({ target }) => void of((target as Element).closest("video")));
}

/** What is known of a video; nothing of one that is to be left alone. */
function of(video: HTMLVideoElement | null | undefined): Playback | undefined {
  if (!video || "streamgaugeIgnore" in video.dataset) return undefined;
  let one = playbacks.get(video);
  if (!one) playbacks.set(video, (one = playback(video)));
  return one;
}

/** Tell where all videos are that play. */
export function settleVideos(leaving: boolean): void {
  for (const one of running) one.settle(leaving);
}

/** A player shows another quality (`1080p`), with a bitrate in kbit/s. */
export function quality(video: HTMLVideoElement | null | undefined, name?: string, bitrate?: number): void {
  of(video)?.quality(name, bitrate);
}

/** A player cannot go on, and its element does not know. */
export function error(video: HTMLVideoElement | null | undefined, message?: string): void {
  of(video)?.error(message);
}
