/** Which part of the picture is seen: pure arithmetic on a place and a scale. */

import type { Size } from "./sizes";

/** A point of the picture is drawn at `x + scale * its x`. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}
export interface Box extends Size {
  x: number;
  y: number;
}

const LEAST = 0.1;
const MOST = 3;
/** A small graph is not blown up. */
const FULL = 1;
const READABLE = 0.85;
/** Pixels between what is looked at and the window's border. */
const EDGE = 16;

/** All of it, at the top and in the middle: a run begins above. */
export function fit(picture: Size, window: Size): Camera {
  const wide = window.width / picture.width;
  const scale = bounded(Math.min(wide, window.height / picture.height, FULL));
  return { scale, x: (window.width - picture.width * scale) / 2, y: 0 };
}

/** As `fit`, yet never so small that names can not be read: then it begins at the top. */
export function open(picture: Size, window: Size): Camera {
  const all = fit(picture, window);
  const scale = bounded(Math.min(FULL, Math.max(all.scale, Math.min(READABLE, window.width / picture.width))));
  return scale <= all.scale ? all : { scale, x: (window.width - picture.width * scale) / 2, y: 0 };
}

/** Larger or smaller around a point of the window, which stays where it is. */
export function zoomed(camera: Camera, factor: number, at: { x: number; y: number }): Camera {
  const scale = bounded(camera.scale * factor);
  const real = scale / camera.scale;
  return { scale, x: at.x - (at.x - camera.x) * real, y: at.y - (at.y - camera.y) * real };
}

/** The least move that brings a box into the window; the same camera when it is there already. */
export function intoView(camera: Camera, box: Box, window: Size): Camera {
  const x = needed(camera.x + box.x * camera.scale, box.width * camera.scale, window.width);
  const y = needed(camera.y + box.y * camera.scale, box.height * camera.scale, window.height);
  return x === 0 && y === 0 ? camera : { ...camera, x: camera.x + x, y: camera.y + y };
}

function needed(from: number, length: number, room: number): number {
  if (length > room - 2 * EDGE) return from >= EDGE || from + length <= room - EDGE ? EDGE - from : 0;
  if (from < EDGE) return EDGE - from;
  const over = from + length - (room - EDGE);
  return over > 0 ? -over : 0;
}

function bounded(scale: number): number {
  return Math.min(MOST, Math.max(LEAST, scale));
}
