// The types of wit/simulay.wit as JavaScript sees them, and those of the SDK.

/** Content of a file: as it is, or an artifact of the run by its SHA-256. */
export type Source =
  | { tag: "text"; val: string }
  | { tag: "bytes"; val: Uint8Array }
  | { tag: "artifact"; val: string };

/** Stored, immutable bytes: an input of the run or an output of a container. */
export interface Artifact {
  path: string;
  size: number;
  sha256: string;
  mediaType: string;
}

export interface File {
  path: string;
  content: Source;
}

/** Upper bounds of one container. */
export interface Resources {
  cpuMilli: number;
  memoryMib: number;
  scratchMib: number;
  timeoutMs: number;
}

/** One container to run. */
export interface ContainerCall {
  name: string;
  image: string;
  command: string[];
  env: [string, string][];
  files: File[];
  outputs: string[];
  /** Patterns of files that are not kept although `outputs` asks for them. */
  excludes: string[];
  /** Whether files that were placed and left as they were are kept as well. */
  keepUnchanged: boolean;
  resources: Resources;
  onFailure: "fail-run" | "report";
  deterministic: boolean;
}

/** How a container ended. */
export type Ending =
  | { tag: "exited"; val: number }
  | { tag: "signalled"; val: number }
  | { tag: "out-of-memory" }
  | { tag: "timed-out" }
  | { tag: "scratch-full" }
  | { tag: "output-limit" }
  | { tag: "process-limit" };

/** A file that was asked for and could not be kept, and why. */
export interface Omission {
  path: string;
  reason: string;
}

export interface ContainerResult {
  name: string;
  ending: Ending;
  stdout: string;
  stderr: string;
  /** Bytes in the middle of what it printed that were not kept. */
  stdoutOmitted: number;
  stderrOmitted: number;
  outputs: Artifact[];
  leftOut: Omission[];
  /** How many further ones there were that `leftOut` does not hold. */
  leftOutMore: number;
  wallMs: number;
  /** Processor time; null when nobody can tell. */
  cpuMs: number | null;
  /** The most memory in use at one moment; null when nobody can tell. */
  peakMemoryBytes: number | null;
  reused: boolean;
}

/** What the plugin may read. */
export interface Artifacts {
  /** Up to `length` bytes from `offset`; throws when it is no artifact of the run, or `length` is too long. */
  read(sha256: string, offset: number, length: number): Uint8Array;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a pipeline is given beside its arguments. */
export interface Host {
  artifacts: Artifacts;
  log(level: LogLevel, message: string): void;
}

export interface Request<Params> {
  /** Valid against the schema, defaults filled in. */
  params: Params;
  inputs: Artifact[];
  /** Seed of everything random; exact up to 2^53. */
  seed: number;
}

/** One round of container calls, run side by side. */
export interface Step<State> {
  calls: ContainerCall[];
  /** Handed back to `postProcess`; must be JSON. */
  state: State;
}

export interface Series {
  name: string;
  /** UCUM unit, or empty. */
  unit: string;
  values: number[];
}

export interface Plot {
  title: string;
  x: Series;
  ys: Series[];
}

export interface Kept {
  /** A relative path: files keep their folders. */
  name: string;
  mediaType: string;
  content: Source;
}

export interface Report<Result> {
  /** Valid against the schema of the result. */
  outcome: Result;
  plots: Plot[];
  artifacts: Kept[];
}

export type Next<State, Result> =
  | { tag: "done"; val: Report<Result> }
  | { tag: "again"; val: Step<State> };

declare const valueType: unique symbol;

/** A JSON Schema of values of type `Value`. */
export type Schema<Value> = { [keyword: string]: unknown } & { readonly [valueType]?: Value };

/** The type of the values of a schema: `Infer<typeof params>`. */
export type Infer<S> = S extends { readonly [valueType]?: infer Value } ? Exclude<Value, undefined> : never;

export interface Example<Params, Result> {
  name: string;
  /** What is left out has its default. */
  params: Partial<Params>;
  /** The subset of the result it must give. */
  expect?: Partial<Result>;
  /** Relative tolerance of the numbers in `expect`. */
  tolerance?: number;
}

/** What a plugin says of itself. */
export interface Manifest<Params, Result> {
  name: string;
  version: string;
  title: string;
  description: string;
  params: Schema<Params>;
  result: Schema<Result>;
  images: { name: string; purpose: string }[];
  maxResources: Resources;
  maxParallel: number;
  examples: Example<Params, Result>[];
}

/** What a plugin is: pure functions of their arguments. A refusal is thrown: `throw invalid(…)`. */
export interface Pipeline<Params, State, Result> {
  manifest: Manifest<Params, Result>;
  preProcess(request: Request<Params>, host: Host): Step<State>;
  postProcess(
    request: Request<Params>,
    state: State,
    results: ContainerResult[],
    host: Host,
  ): Next<State, Result>;
}
