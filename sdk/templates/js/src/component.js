import { component } from "../simulay/component.js";
import myPipeline from "./pipeline.js";

export const pipeline = component(myPipeline);
