/** What the language server says beyond LSP; the page `docs/reference/lsp-extensions.md` says what it means. */

export type RunStatus =
  | "running" | "held" | "asking" | "waiting" | "interrupted"
  | "completed" | "failed" | "limit" | "denied" | "cancelled";
export type StageStatus = "running" | "asking" | "done" | "failed" | "skipped" | "cancelled";

export interface Position { line: number; character: number }
export interface Range { start: Position; end: Position }

export interface Stage {
  stage: string; id: string; branch: string; visit: number; status: StageStatus;
  tookMs: number; note: string; attempt: number; reused: boolean;
}
export interface Question {
  effect: string; stage: string; what: "confirmation" | "clarification" | "review" | "in_doubt";
  question: string; assignee: string; schema: unknown; expiresAt: number | null;
}
export interface Fault { class: string; code: string; stage: string; message: string }
export interface Run {
  run: string; pipeline: string; uri: string; status: RunStatus; live: boolean;
  startedAt: number; tookMs: number; tokens: number; cost: number;
  stages: Stage[]; questions: Question[]; error: Fault | null; rerunOf: string; note: string; host: string;
}
export interface RunEvent { seq: number; branch: string; kind: string; at: number; what: string }
export interface Trace {
  stages: Record<string, { status: StageStatus; visits: number; tookMs: number }>;
  edges: Record<string, number>;
  current: string[];
}
export type NodeKind = "agent" | "ask" | "fork" | "set" | "gate" | "end" | "fail" | "missing";
export type EdgeKind = "route" | "next" | "below" | "on_error" | "on_max" | "branch" | "join";
export interface GraphNode {
  id: string; name: string; kind: NodeKind; label: string; parent: string; branch: string; range: Range; nameRange: Range;
}
export interface GraphEdge { from: string; to: string; kind: EdgeKind; label: string; when: string; range: Range | null }
export interface Graph { name: string; range: Range; entry: string; nodes: GraphNode[]; edges: GraphEdge[] }
export interface InputShape { schema: unknown; example: unknown; last: unknown }
export interface DefinitionChanged {
  uri: string; state: "live" | "broken" | "gone"; version: number; at: number; affects: string[]; kept: boolean;
  problem?: { message: string; range: Range };
}
export interface Started { run: string; note: string }
