/** What one `<video>` element does, as the nine video events. Each says where the playhead is: so sections are known, not guessed. */
import { send } from "./delivery";
import { event, pageId } from "./events";
import { listen } from "./listening";

/** A playing video tells where it is whenever it has moved this far, in seconds of the video. */
const STRIDE = 10;

export interface Playback {
  /** Tell where it is; `leaving`: the page may be gone in a moment, and nobody watches on. */
  settle(leaving: boolean): void;
  /** A player knows the quality (`1080p`) and the bitrate (kbit/s) that are shown from now on. */
  quality(name?: string, bitrate?: number): void;
  /** It cannot go on. */
  error(message?: string): void;
}

/** Those that play, as far as the service knows. */
export const running = new Set<Playback>();

const now = (): number => performance.now() / 1000;

const round = (seconds: number): number => +seconds.toFixed(3);

/** The common name of a quality. */
export const lines = (height?: number): string | undefined => (height ? `${height}p` : undefined);

/** The name that the page gives, else the path of the file, else (a player feeds it) that of the page. */
function nameOf({ dataset, currentSrc }: HTMLVideoElement): string {
  const { pathname } = /^http/.test(currentSrc) ? new URL(currentSrc) : location;
  return (dataset.streamgaugeVideo || pathname).slice(-200);
}

/** Listen to an element for good, from the first that is heard of it. Times and positions are seconds. */
export function playback(video: HTMLVideoElement): Playback {
  let id: string | undefined;
  let started: boolean;
  /** Its first picture moved. */
  let progressed: boolean;
  /** It plays, as far as the service knows. */
  let active = false;
  /** When it was asked to play, and since when it waits for data; 0: it was, it does not. */
  let askedAt: number;
  let waitsSince = 0;
  /** Where a seek began that is not over. */
  let from: number | undefined;
  let quality: string | undefined;
  let bitrate: number | undefined;
  let told: { position: number; quality: string | undefined };
  let lastPosition: number;
  let lastLook: number;
  let speed: number;

  const shownQuality = () => quality ?? lines(video.videoHeight);

  /** Remember where it is and how fast it goes: when a seek or a new source is heard of, the element has forgotten. */
  function look(): void {
    lastPosition = video.currentTime;
    lastLook = now();
    speed = progressed && !video.paused && !waitsSince ? video.playbackRate : 0;
  }

  /** The place that a seek, or a new source, took it from. */
  const left = () => lastPosition + (now() - lastLook) * speed;

  function tell(type: string, more?: Record<string, unknown>): void {
    id ??= nameOf(video);
    told = { position: round(from ?? video.currentTime), quality: shownQuality() };
    // A duration that is not known, or has no end, is no number: JSON makes it null.
    const properties = { ...told, duration: round(video.duration), bitrate, playback_rate: video.playbackRate, ...more };
    send(event(type, { video_id: id, session_id: pageId, properties }));
    look();
  }

  /** It plays: it says so, or it was found playing. */
  function run(): void {
    if (active || video.paused) return;
    active = true;
    running.add(self);
    tell(started ? "video_resume" : "video_start");
    started = true;
    if (!askedAt) progressed = true;
  }

  function halt(type: string, more?: Record<string, unknown>): void {
    endWaiting();
    active = false;
    running.delete(self);
    tell(type, more);
  }

  function endWaiting(): void {
    if (!waitsSince) return;
    const buffer_seconds = round(now() - waitsSince);
    waitsSince = 0;
    tell("video_buffer", { buffer_seconds });
  }

  function progress(): void {
    if (active && progressed && from === undefined && !waitsSince) tell("video_progress");
  }

  function qualityChanged(): void {
    if (progressed && shownQuality() !== told.quality) tell("quality_change");
  }

  function reset(): void {
    started = progressed = false;
    askedAt = 0;
    id = from = quality = bitrate = undefined;
  }

  const self: Playback = {
    settle(leaving) {
      if (leaving) halt("video_pause");
      else progress();
    },
    quality(name, kilobits) {
      quality = name;
      bitrate = kilobits;
      qualityChanged();
    },
    error(message) {
      halt("video_error", { message });
    },
  };

  const heard: Record<string, () => void> = {
    play() {
      askedAt = now();
      run();
    },
    playing() {
      endWaiting();
      if (progressed || !askedAt) return;
      progressed = true;
      tell("video_progress", { startup_time: round(now() - askedAt) });
    },
    timeupdate() {
      if (from !== undefined) return;
      run();
      if (active && Math.abs(video.currentTime - told.position) >= STRIDE) progress();
      look();
    },
    waiting() {
      if (video.seeking) return;
      // Before the first picture it is startup.
      if (active && progressed) waitsSince ||= now();
      look();
    },
    pause() {
      if (active && !video.ended) halt("video_pause");
    },
    ended() {
      halt("video_complete");
    },
    seeking() {
      if (!started) return;
      endWaiting();
      from ??= left();
    },
    seeked() {
      if (from === undefined) return;
      const began = round(from);
      from = undefined;
      tell("seek", { from: began, to: round(video.currentTime) });
    },
    ratechange: progress,
    resize: qualityChanged,
    error() {
      // A `<source>` or a `<track>` of it failed, unless it says so itself or has no source left.
      if (video.error || video.networkState > 2) self.error(video.error?.message);
    },
    emptied() {
      from ??= left();
      if (active) halt("video_pause");
      reset();
    },
  };
  reset();
  look();
  listen(video, Object.keys(heard).join(" "), ({ type }) => heard[type]!());
  return self;
}
