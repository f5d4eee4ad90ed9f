// What the component imports.
declare module "simulay:plugin/artifacts@0.2.0" {
  export function read(sha256: string, offset: number, length: number): Uint8Array;
}
declare module "simulay:plugin/log@0.2.0" {
  export function write(level: "debug" | "info" | "warn" | "error", message: string): void;
}
