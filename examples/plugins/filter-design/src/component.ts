import { component } from "../simulay/component.js";
import filterDesign from "./pipeline.js";

export const pipeline = component(filterDesign);
