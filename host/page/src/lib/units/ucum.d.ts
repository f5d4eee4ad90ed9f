// What the page uses of the package, which comes without types.
declare module '@lhncbc/ucum-lhc' {
  type Conversion = { status: 'succeeded' | 'failed' | 'error'; toVal: number | null };
  export const UcumLhcUtils: {
    getInstance(): {
      convertUnitTo(from: string, value: number, to: string): Conversion;
      validateUnitString(unit: string): { status: 'valid' | 'invalid' | 'error' };
    };
  };
}
