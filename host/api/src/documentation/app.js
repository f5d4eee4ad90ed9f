// Shows /openapi.json. Everything from the document becomes text, never markup.
"use strict";

// Where the server is: a proxy may show it under a path.
const server = document.currentScript.src.replace(/\/docs\/app\.js$/, "");

const METHODS = ["get", "head", "post", "delete"];

/** An element with properties, and children that are elements or text. */
function element(name, properties, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** Text in which `words` between backticks are code. */
function prose(text, name = "p") {
  const pieces = String(text ?? "").split("`");
  return element(name, {}, ...pieces.map((piece, at) => (at % 2 ? element("code", {}, piece) : piece)));
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", {}, heading)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell ?? ""))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function referenced(reference) {
  const name = reference.split("/").pop();
  return element("a", { href: `#schema-${name}` }, name);
}

/** The type a schema stands for, with links to the schemas it names. */
function type(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return referenced(schema.$ref);
  const choices = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (choices) return joined(choices.map(type), schema.allOf ? " and " : " or ");
  if (schema.enum) return element("code", {}, schema.enum.map((value) => JSON.stringify(value)).join(" | "));
  if (schema.type === "array") return element("span", {}, "list of ", type(schema.items));
  const names = [schema.type ?? "anything"].flat().join(" or ");
  return schema.format ? `${names} (${schema.format})` : names;
}

function joined(parts, separator) {
  const all = parts.flatMap((part, at) => (at ? [separator, part] : [part]));
  return element("span", {}, ...all);
}

function properties(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => [
    element("code", {}, name),
    type(property),
    required.has(name) ? "always" : "",
    prose(property.description, "span"),
  ]);
}

/** What a schema says, each part of an `allOf` in turn. */
function details(schema) {
  const parts = (schema.allOf ?? [schema]).map((part) => {
    if (part.$ref) return element("p", {}, "All of ", referenced(part.$ref), ", and:");
    const rows = properties(part);
    return rows.length ? table(["Field", "Type", "Given", ""], rows) : element("p", {}, type(part));
  });
  return element("div", {}, ...parts);
}

/** A value that fits a schema, for examples; only what is required. */
function sample(schema, schemas, depth = 0) {
  if (!schema || depth > 6) return {};
  if (schema.$ref) return sample(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.type === "array") return [];
  const [kind] = [schema.type].flat();
  if (!schema.properties) return { string: "…", integer: 1, number: 1, boolean: true }[kind] ?? {};
  const fields = Object.entries(schema.properties);
  return Object.fromEntries(fields.map(([name, field]) => [name, sample(field, schemas, depth + 1)]));
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl(method, path, operation, schemas) {
  const words = ["curl"];
  if (method === "head") words.push("--head");
  else if (method !== "get") words.push("-X", method.toUpperCase());
  const [mediaType, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (mediaType) words.push("-H", quoted(`Content-Type: ${mediaType}`));
  if (mediaType === "application/json") words.push("-d", quoted(JSON.stringify(sample(body.schema, schemas))));
  else if (mediaType) words.push("--data-binary", "@FILE");
  if (operation.responses?.["200"]?.content?.["text/event-stream"]) words.push("-N");
  words.push(quoted(server + path));
  return element("pre", {}, element("code", {}, words.join(" ")));
}

function parameters(operation) {
  const rows = (operation.parameters ?? []).map((parameter) => [
    element("code", {}, parameter.name),
    parameter.in,
    type(parameter.schema),
    prose(parameter.description, "span"),
  ]);
  return rows.length ? [element("h4", {}, "Parameters"), table(["Name", "In", "Type", ""], rows)] : [];
}

function requestBody(operation) {
  const body = operation.requestBody;
  if (!body) return [];
  const rows = Object.entries(body.content).map(([mediaType, content]) => [
    element("code", {}, mediaType),
    mediaType === "application/json" ? type(content.schema) : prose(body.description, "span"),
  ]);
  return [element("h4", {}, "Body"), table(["Media type", ""], rows)];
}

function responses(operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const contents = Object.entries(response.content ?? {});
    const shown = contents.map(([mediaType, content]) =>
      mediaType.includes("json") ? type(content.schema) : element("code", {}, mediaType));
    return [element("code", {}, status), joined(shown, ", "), prose(response.description, "span")];
  });
  return [element("h4", {}, "Answers"), table(["Status", "Body", ""], rows)];
}

function route(path, method, operation, schemas) {
  return element("section", { id: operation.operationId },
    element("h3", {}, operation.summary ?? operation.operationId),
    element("div", { className: "route" },
      element("span", { className: `method ${method}` }, method.toUpperCase()), path),
    prose(operation.description),
    ...parameters(operation), ...requestBody(operation), ...responses(operation),
    element("h4", {}, "Example"), curl(method, path, operation, schemas));
}

function operations(openapi) {
  return Object.entries(openapi.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
}

/** The kinds of problems: the schema tells each in a line of its own. */
function kinds(openapi) {
  const lines = (openapi.components.schemas.ProblemKind?.description ?? "").split("\n");
  const found = lines.map((line) => line.match(/^`(\w+)` (\d+): (.*)$/)).filter(Boolean);
  const rows = found.map(([, kind, status, title]) =>
    [element("code", { id: `problem-${kind}` }, kind), status, title]);
  return element("section", { id: "problems" },
    element("h2", {}, "Problems"),
    prose("A refusal is a `Problem` document; `kind` is one of these."),
    table(["Kind", "Status", ""], rows));
}

function schemaSection(openapi) {
  const all = Object.entries(openapi.components.schemas).map(([name, schema]) =>
    element("section", { id: `schema-${name}` },
      element("h3", {}, name), prose(schema.description), details(schema)));
  return element("section", { id: "schemas" }, element("h2", {}, "Schemas"), ...all);
}

function show(openapi) {
  const main = document.getElementById("document");
  const contents = document.getElementById("contents");
  const schemas = openapi.components.schemas;
  main.replaceChildren(
    element("h1", {}, `${openapi.info.title} ${openapi.info.version}`), prose(openapi.info.description));
  for (const tag of openapi.tags ?? []) {
    const routes = operations(openapi).filter(({ operation }) => operation.tags?.includes(tag.name));
    main.append(element("h2", { id: `tag-${tag.name}` }, tag.name), prose(tag.description));
    contents.append(element("h2", {}, tag.name));
    for (const { path, method, operation } of routes) {
      main.append(route(path, method, operation, schemas));
      contents.append(element("a", { href: `#${operation.operationId}` }, operation.summary ?? path));
    }
  }
  main.append(kinds(openapi), schemaSection(openapi));
  contents.append(element("h2", {}, "reference"),
    element("a", { href: "#problems" }, "Problems"), element("a", { href: "#schemas" }, "Schemas"),
    element("a", { href: `${server}/openapi.json` }, "/openapi.json"));
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

fetch(`${server}/openapi.json`)
  .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`status ${response.status}`))))
  .then(show)
  .catch((error) => {
    document.getElementById("document").replaceChildren(
      element("p", {}, `The documentation cannot be shown: ${error.message}`));
  });
