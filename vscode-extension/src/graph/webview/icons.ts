/** Small drawings, 16 by 16, as paths that are stroked in the colour of what they stand on. */

import type { NodeKind, StageStatus } from "../../server/protocol";

export const KIND: Record<NodeKind, string> = {
  agent: "M8 1.5v2M4.5 3.5h7a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 11V5a1.5 1.5 0 0 1 1.5-1.5ZM6 7v1.5M10 7v1.5M1 7v2.5M15 7v2.5M5 14.5h6",
  ask: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14.5c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5",
  fork: "M8 4.5V7M8 7c0 2.5-4 1.5-4 4M8 7c0 2.5 4 1.5 4 4M8 4.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM12 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
  set: "M2.5 5h11M2.5 11h11M5.5 3v4M10.5 9v4",
  gate: "M8 1.5 14.5 8 8 14.5 1.5 8ZM8 5.500v3M8 10.500v.2",
  end: "M8 14.500a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM5.5 5.500h5v5h-5Z",
  missing: "M6 6.200c0-2.800 4-2.800 4-.200 0 1.600-2 1.600-2 3.200M8 11.500v.2M8 14.500a6.5 6.5 0 1 0 0-13 6.5 6.500 0 0 0 0 13Z",
  fail: "M8 14.500a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM5.5 5.500l5 5M10.5 5.500l-5 5",
};

export const STATUS: Record<StageStatus | "reused" | "held", string> = {
  running: "M8 2.500a5.5 5.5 0 1 1-5.5 5.5",
  asking: "M5.5 6c0-3.5 5-3.5 5-.2 0 2-2.5 2-2.5 4M8 12.500v.5",
  done: "M3 8.5 6.5 12 13 4.5",
  failed: "M4 4l8 8M12 4l-8 8",
  skipped: "M3 4l4 4-4 4M9 4l4 4-4 4",
  cancelled: "M8 13.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM4.2 4.200l7.6 7.6",
  held: "M5.5 3.500v9M10.5 3.500v9",
  reused: "M3 6.500a5.2 5.2 0 0 1 9.5-1.500M12.8 2v3.200H9.600M13 9.500a5.2 5.2 0 0 1-9.5 1.500M3.2 14v-3.200h3.2",
};

export const BUTTON = {
  in: "M8 3v10M3 8h10",
  out: "M3 8h10",
  fit: "M2.5 6V2.500H6M10 2.500h3.500V6M13.5 10v3.500H10M6 13.500H2.500V10",
};
