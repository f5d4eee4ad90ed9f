// Numbers, units and times for eyes.
export { imageId } from './format/image';
export { bytes, number, percent, signed } from './format/number';
export { absolute, ago, span } from './format/time';
export { unit, withUnit } from './format/unit';
