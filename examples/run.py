#!/usr/bin/env python3
"""Runs a request of examples/requests through Simulay's REST interface and checks its answer.

    simulay serve &
    examples/run.py examples/requests/heat-equation/aluminium-plate.json --out result

A server with accounts is shown the token in the variable SIMULAY_TOKEN. Uses nothing but Python's standard library.
"""

import argparse
import json
import math
import os
import pathlib
import sys
import urllib.error
import urllib.request

BUILT = pathlib.Path(__file__).parent.parent / "target/wasm32-wasip2/release"
ENDED = {"succeeded", "failed", "cancelled", "timed_out"}


class Client:
    """The routes a run needs."""

    def __init__(self, server):
        self.server = server.rstrip("/")
        token = os.environ.get("SIMULAY_TOKEN")
        self.token = {"authorization": f"Bearer {token}"} if token else {}

    def send(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()} | self.token
        request = urllib.request.Request(self.server + path, body, named, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code}\n{error.read().decode(errors='replace')}")
        except urllib.error.URLError as error:
            sys.exit(f"{self.server} does not answer: {error.reason}")

    def upload_plugin(self, component):
        return json.loads(self.send("POST", "/v1/plugins", component, content_type="application/wasm"))

    def upload_input(self, content):
        return json.loads(self.send("POST", "/v1/inputs", content, content_type="application/octet-stream"))

    def create_run(self, pipeline, run):
        body = json.dumps(run).encode()
        headers = {"content_type": "application/json", "prefer": "wait=60"}
        return json.loads(self.send("POST", f"/v1/pipelines/{pipeline}/runs", body, **headers))

    def run(self, run_id):
        return json.loads(self.send("GET", f"/v1/runs/{run_id}", prefer="wait=60"))

    def wait(self, run):
        while run["state"] not in ENDED:
            self.follow(run["id"])
            run = self.run(run["id"])
        return run

    def follow(self, run_id):
        """Reads the run's events; the stream ends with the run."""
        request = urllib.request.Request(f"{self.server}/v1/runs/{run_id}/events", headers=self.token)
        with urllib.request.urlopen(request) as events:
            for _ in events:
                pass

    def artifact(self, run_id, sha256):
        return self.send("GET", f"/v1/runs/{run_id}/artifacts/{sha256}")


def with_inputs(client, request, folder):
    """The body of the run, its files uploaded."""
    run = {name: request[name] for name in ("params", "seed") if name in request}
    run["inputs"] = []
    for entry in request.get("inputs", []):
        uploaded = client.upload_input((folder / entry["file"]).read_bytes())
        run["inputs"].append({"path": entry["path"], "sha256": uploaded["sha256"]})
    return run


def save(client, run, folder):
    """Writes the files of the report, outcome and plots below `folder`, whatever their names say."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    report = run["report"]
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    for kept in report["artifacts"]:
        target = (folder / kept["name"]).resolve()
        if not target.is_relative_to(folder):
            sys.exit(f"the report names a file outside of {folder}: {kept['name']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(client.artifact(run["id"], kept["sha256"]))
        print(f"saved {target}")


def differences(expected, actual, tolerance, at=""):
    """Where `actual` does not have what `expected` has; numbers within a relative tolerance."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{at}: not an object"]
        pairs = [(f"{at}/{name}", value, actual.get(name)) for name, value in expected.items()]
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{at}: expected {expected}, got {actual}"]
        pairs = [(f"{at}/{index}", *pair) for index, pair in enumerate(zip(expected, actual))]
    else:
        same = is_close(expected, actual, tolerance)
        return [] if same else [f"{at}: expected {expected}, got {actual}"]
    return [line for path, *pair in pairs for line in differences(*pair, tolerance, path)]


def is_close(expected, actual, tolerance):
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (expected, actual))
    if numbers:
        return math.isclose(expected, actual, rel_tol=tolerance, abs_tol=0.0)
    return type(expected) is type(actual) and expected == actual


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("request", type=pathlib.Path, nargs="+", help="a file of examples/requests")
    parser.add_argument("--server", default="http://127.0.0.1:7373", help="default: %(default)s")
    parser.add_argument("--plugin", type=pathlib.Path, help="component to upload; default: the one built here")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the files of each report")
    return parser.parse_args()


def perform(client, path, options):
    """Runs one request; true when its answer is the expected one."""
    request = json.loads(path.read_text())
    pipeline = request["pipeline"]
    plugin = options.plugin or BUILT / f"{pipeline.replace('-', '_')}.wasm"
    if plugin.exists():
        client.upload_plugin(plugin.read_bytes())
    run = client.wait(client.create_run(pipeline, with_inputs(client, request, path.parent)))
    if run["state"] != "succeeded":
        print(f"{path}: {run['state']}: {json.dumps(run.get('error'))}")
        return False
    outcome = run["report"]["outcome"]
    print(json.dumps(outcome, indent=2))
    if options.out:
        save(client, run, options.out / path.stem)
    wrong = differences(request.get("expect", {}), outcome, request.get("tolerance", 0.0))
    print(f"{path}: as expected" if not wrong else "\n".join([f"{path}: not as expected", *wrong]))
    return not wrong


def main():
    options = arguments()
    client = Client(options.server)
    results = [perform(client, path, options) for path in options.request]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
