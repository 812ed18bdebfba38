/** Hooks for players that feed the element themselves, so that it knows neither bitrate nor failure. */
import { lines } from "./playback";
import { error, quality } from "./videos";

interface Level {
  height?: number;
  /** bit/s */
  bitrate?: number;
}

/** What is used of hls.js. */
export interface Hls {
  levels: Level[];
  /** The `<video>` that it feeds, once there is one. */
  media?: HTMLMediaElement | null;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(name: any, heard: (name: any, told: any) => void): void;
}

/** What is used of video.js. */
export interface VideoJs {
  $(selector: string): Element | null;
  error(): { message: string } | null;
  on(name: string, heard: () => void): void;
  qualityLevels?: () => { [index: number]: Level; selectedIndex: number; on(name: string, heard: () => void): void };
}

/** Take rendition and fatal errors from hls.js. */
export function hls(player: Hls): void {
  player.on("hlsLevelSwitched", (_, told: { level: number }) => show(player.media, player.levels[told.level]));
  player.on("hlsError", (_, told: { fatal: boolean; details: string }) => {
    if (told.fatal) error(player.media as HTMLVideoElement, told.details);
  });
}

/** Take rendition and errors from video.js. */
export function videojs(player: VideoJs): void {
  const media = () => player.$("video") as HTMLVideoElement;
  const levels = player.qualityLevels?.();
  levels?.on("change", () => show(media(), levels[levels.selectedIndex]));
  player.on("error", () => {
    // What the element says itself is told already.
    if (!media().error) error(media(), player.error()?.message);
  });
}

function show(media: HTMLMediaElement | null | undefined, { height, bitrate }: Level = {}): void {
  quality(media as HTMLVideoElement, lines(height), bitrate! / 1000);
}
