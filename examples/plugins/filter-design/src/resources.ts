/** What each call may use. */
export const RESOURCES = { cpuMilli: 1000, memoryMib: 512, scratchMib: 32, timeoutMs: 60_000 };
