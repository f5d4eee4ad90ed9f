import type { Design } from "./design.js";
import type { Interval } from "./words.js";

/** Where a run stands between two steps. */
export type State =
  | { stage: "design" }
  | { stage: "words"; designs: Design[]; design: Design; interval: Interval }
  | { stage: "proof"; designs: Design[]; design: Design; bits: number };
