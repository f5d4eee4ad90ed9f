// Hosts at work, each with a directory of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = process.env.SIMULAY;
const PLUGINS = process.env.SIMULAY_PLUGINS;
const IMAGE = process.env.SIMULAY_TEST_IMAGE;
export const SHIPPED = ['heat_equation', 'beam_monte_carlo', 'cooling_calibration', 'octave_script'];

/** The bytes of a plugin that is shipped. */
export function component(name) {
  return readFile(path.join(PLUGINS, `${name}.wasm`));
}

/** The bytes of a component in which a text is replaced by one as long: another version of it. */
export function revised(bytes, texts) {
  const made = Buffer.from(bytes);
  for (const [text, by] of Object.entries(texts)) {
    const at = made.indexOf(text);
    if (at < 0 || text.length !== by.length || made.indexOf(text, at + 1) >= 0) throw new Error(`“${text}” is not there once`);
    made.write(by, at);
  }
  return made;
}

export class Host {
  /** Starts a host; `plugins` are uploaded to it. */
  static async start({ plugins = SHIPPED, environment = {} } = {}) {
    const host = new Host(await mkdtemp(path.join(tmpdir(), 'simulay-page-')), environment);
    await host.serve('127.0.0.1:0');
    for (const plugin of plugins) await host.upload(await component(plugin));
    return host;
  }

  constructor(data, environment) {
    this.data = data;
    this.environment = environment;
  }

  /** Serves, at the address it had when it served before. */
  async serve(listen = new URL(this.url).host) {
    const environment = { ...process.env, SIMULAY__IMAGES__OCTAVE: IMAGE, ...this.environment };
    this.child = spawn(PROGRAM, ['serve', '--listen', listen, '--data', this.data], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.said = '';
    this.child.stderr.on('data', (text) => (this.said = (this.said + text).slice(-20_000)));
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    const lines = createInterface(this.child.stdout);
    this.url = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        // The first start with accounts tells the token of the admin, this once.
        const token = /shown this once: (sim_\S+)/.exec(line);
        if (token) this.token = token[1];
        if (line.startsWith('listening on ')) resolve(line.slice('listening on '.length));
      });
      this.ended.then(() => reject(new Error(`the host did not start:\n${this.said}`)));
    });
  }

  /** Ends it as a crash does. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
    await rm(this.data, { recursive: true, force: true });
  }

  async ask(path, { json, headers = {}, ...others } = {}) {
    const told = { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...headers };
    if (json === undefined) return fetch(this.url + path, { ...others, headers: told });
    return fetch(this.url + path, { ...others, body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...told } });
  }

  /** What a route answers with success. */
  async get(path, options) {
    const answer = await this.ask(path, options);
    const told = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${told}`);
    return told === '' ? undefined : JSON.parse(told);
  }

  upload(bytes) {
    return this.get('/v1/plugins', { method: 'POST', body: bytes, headers: { 'content-type': 'application/wasm' } });
  }

  /** A run, ended unless `wait` is false. */
  run(pipeline, params = {}, { wait = true, ...more } = {}) {
    const headers = wait ? { prefer: 'wait=60' } : {};
    return this.get(`/v1/pipelines/${pipeline}/runs`, { method: 'POST', json: { params, ...more }, headers });
  }

  /** A run of an Octave program. */
  octave(script, params = {}, more = {}) {
    return this.run('octave-script', { script, ...params }, more);
  }
}

/** A way to a host that can be cut: what goes over it breaks off, as when a cable is pulled. */
export class Wire {
  #open = new Set();
  #whole = true;

  static async to(host) {
    const wire = new Wire();
    const { hostname, port } = new URL(host.url);
    wire.server = net.createServer((near) => wire.#carry(near, net.connect(Number(port), hostname)));
    await new Promise((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    wire.url = `http://127.0.0.1:${wire.server.address().port}`;
    return wire;
  }

  #carry(near, far) {
    for (const [one, other] of [[near, far], [far, near]]) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    this.#open.add(near);
    near.on('close', () => this.#open.delete(near));
    if (!this.#whole) near.destroy();
  }

  cut() {
    this.#whole = false;
    for (const one of this.#open) one.destroy();
  }

  mend() {
    this.#whole = true;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
