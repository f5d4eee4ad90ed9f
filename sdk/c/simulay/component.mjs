// Makes a component of a core module: node component.mjs JCO CORE COMPONENT
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [jco, core, component] = process.argv.slice(2);
const tools = resolve(jco, "node_modules/@bytecodealliance/jco-transpile/dist/wasm-tools.js");
const { componentNew } = await import(pathToFileURL(tools));
await writeFile(component, await componentNew(await readFile(core)));
