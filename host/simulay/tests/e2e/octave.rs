//! Octave programs as people write them give what they give at a desk, or say why not.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::host::{Host, docker};

/// A host that knows `octave-script`.
struct Desk {
    _data: tempfile::TempDir,
    host: Host,
}

impl Desk {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let host = Host::start(data.path());
        host.upload("octave-script").await;
        Self { _data: data, host }
    }

    async fn start(&self, params: &Value, files: &[(&str, &str)]) -> String {
        let mut inputs = Vec::new();
        for (path, text) in files {
            inputs.push(self.host.input(path, (*text).into()).await);
        }
        self.host.create("octave-script", params, &inputs).await
    }

    /// The outcome of a program that must succeed.
    async fn outcome(&self, params: Value, files: &[(&str, &str)]) -> Value {
        let id = self.start(&params, files).await;
        let run = self.host.ended(&id).await;
        assert_eq!(run["state"], "succeeded", "{run}");
        run["report"]["outcome"].clone()
    }

    /// What `result.json` holds after these lines.
    async fn result(&self, lines: &str) -> Value {
        self.outcome(json!({ "script": writes(lines) }), &[]).await["result"].clone()
    }

    /// The message of a program that must fail.
    async fn complaint(&self, params: Value, files: &[(&str, &str)]) -> String {
        let id = self.start(&params, files).await;
        let run = self.host.ended(&id).await;
        assert_eq!(
            (&run["state"], &run["error"]["kind"]),
            (&json!("failed"), &json!("container_exit")),
            "{run}"
        );
        run["error"]["message"].as_str().unwrap().to_owned()
    }

    /// A file a run left.
    async fn file(&self, id: &str, path: &str) -> Vec<u8> {
        let listed = self.host.get(&format!("/v1/runs/{id}/artifacts")).await;
        let all = listed["artifacts"].as_array().unwrap();
        let file =
            all.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path} in {listed}"));
        self.host.bytes(&format!("/v1/runs/{id}/artifacts/{}", file["sha256"].as_str().unwrap())).await
    }
}

/// Lines that fill the struct `r`, and others that write it.
fn writes(lines: &str) -> String {
    format!("{lines}\nf = fopen('result.json', 'w'); fputs(f, jsonencode(r)); fclose(f);\n")
}

/// Doubles of any sign and size, from their bits; JSON of them is taken apart by hand, since a JSON reader
/// may round.
#[tokio::test]
async fn every_finite_number_comes_back_bit_for_bit() {
    let desk = Desk::new().await;
    let script = "
        bits = [uint64(floor(rand(20000, 1) * 2^32)), uint64(floor(rand(20000, 1) * 2^32))];
        x = typecast(bitor(bitshift(bits(:,1), 32), bits(:,2)), 'double');
        x = [x(isfinite(x)); 5e-324; -5e-324; realmin; realmax; -0; 1/3; 2^53 + 1; 2.2e-16; 10 .^ (-320:308)'];
        f = fopen('x.bin', 'w'); fwrite(f, x, 'double'); fclose(f);
        f = fopen('x.json', 'w'); fputs(f, jsonencode(x)); fclose(f);";
    let id = desk.start(&json!({ "script": script }), &[]).await;
    assert_eq!(desk.host.ended(&id).await["state"], "succeeded");
    let binary = desk.file(&id, "x.bin").await;
    let json = String::from_utf8(desk.file(&id, "x.json").await).unwrap();
    let numbers = json.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
    let read: Vec<u64> = numbers.split(',').map(|number| number.parse::<f64>().unwrap().to_bits()).collect();
    let written: Vec<u64> =
        binary.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert!(written.len() > 20_000);
    assert!(read == written, "{:?}", read.iter().zip(&written).find(|(read, written)| read != written));
}

#[tokio::test]
async fn every_kind_of_value_is_written_as_what_it_is() {
    let desk = Desk::new().await;
    let lines = r#"
        r.tiny = 1.380649e-23; r.nothing = struct([]); r.odd = [NaN, Inf, -Inf, NA]; r.empty = zeros(0, 3);
        r.big = intmax("uint64"); r.bigs = [intmin("int64"), int64(9007199254740993)]; r.single = single(0.5);
        r.yes = [true; false]; r.rows = ["ab"; "cd"]; r.cell = {1, "x", {}, struct("y", {{2}})}; r.text = ["a" char(255)];
        r.deep = reshape(1:8, 2, 2, 2); r.many = struct("k", {1, 2}); r.sparse = sparse([0, 3]); r.range = 1:3;
        r.map = containers.Map({"b", "a"}, {1, [2, 3]}); r.line = "\"\\\n"; r.grid = [1, 2; 3, 4]; r.sum = 0.1 + 0.2;"#;
    let expected = json!({
        "tiny": 1.380_649e-23, "nothing": [], "odd": [null, null, null, null], "empty": [],
        "big": u64::MAX, "bigs": [i64::MIN, 9_007_199_254_740_993_i64], "single": 0.5,
        "yes": [true, false], "rows": ["ab", "cd"], "cell": [1, "x", [], { "y": [2] }], "text": "a\u{fffd}",
        "deep": [[[1, 5], [3, 7]], [[2, 6], [4, 8]]], "many": [{ "k": 1 }, { "k": 2 }], "sparse": [0, 3],
        "range": [1, 2, 3], "map": { "a": [2, 3], "b": 1 }, "line": "\"\\\n", "grid": [[1, 2], [3, 4]],
        "sum": 0.1 + 0.2
    });
    let result = desk.result(lines).await;
    assert_eq!(result, expected);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&result), names(&expected), "in the order they were written");
    for (value, told) in
        [("[1, 2i]", "complex"), ("@sin", "function handle"), ("inputParser()", "inputParser")]
    {
        let message = desk.complaint(json!({ "script": format!("jsonencode({value})") }), &[]).await;
        assert!(message.contains("jsonencode") && message.contains(told), "{message}");
    }
}

#[tokio::test]
async fn a_seed_gives_the_same_numbers_from_every_generator() {
    let desk = Desk::new().await;
    let lines = "r = {rand(1, 3), randn(1, 3), rande(1, 3), randg(2, 1, 3), randp(50, 1, 3), randi(1e9), randperm(9)};";
    let first = desk.result(lines).await;
    assert_eq!(desk.result(lines).await, first, "the host gives all of these runs one seed");
    let drawn: Vec<String> = first.as_array().unwrap().iter().map(Value::to_string).collect();
    assert_ne!(drawn[0], drawn[1]);
    assert_ne!(desk.result(&format!("rand('twister', 'reset'); {lines}")).await[0], first[0]);
}

#[tokio::test]
async fn random_numbers_go_on_when_the_path_is_set_and_differ_in_an_octave_that_is_started() {
    let desk = Desk::new().await;
    let lines = r#"
        r.here = rand(); path(path()); r.here(2) = rand(); restoredefaultpath(); r.here(3) = rand();
        clear("-x", "r"); clear functions; rehash(); r.here(4) = rand();
        for k = 1:2, [~, r.there{k}] = system(sprintf("octave-cli -qfHW worker.m %d", k)); end"#;
    let once = async || {
        let worker = ("worker.m", "printf('%.15g', rand())");
        desk.outcome(json!({ "script": writes(lines) }), &[worker]).await["result"].clone()
    };
    let result = once().await;
    let drawn = |of: &str| result[of].as_array().unwrap().iter().map(Value::to_string);
    let all = drawn("here").chain(drawn("there")).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(all.len(), 6, "{result}");
    assert_eq!(once().await, result);
}

#[tokio::test]
async fn json_on_many_lines_takes_little_memory() {
    let desk = Desk::new().await;
    let lines = r#"
        x.field = rand(350); x.text = "a: [1,\"2\"]"; x.none = {};
        plain = jsonencode(x); wide = jsonencode(x, "PrettyPrint", true);
        r = {numel(plain) > 2e6, strncmp(wide, "{\n    \"field\": [\n        [\n            ", 39), ...
            strcmp(regexprep(wide, "\n *|(?<=\"): ", ""), strrep(plain, "\":", "\""))};"#;
    let params = json!({ "script": writes(lines), "memory_mib": 320 });
    assert_eq!(desk.outcome(params, &[]).await["result"], json!([true, true, true]));
}

/// Each program would wait for a person, or call for a screen.
#[tokio::test]
async fn a_program_that_asks_somebody_is_told_at_once_that_nobody_is_there() {
    let desk = Desk::new().await;
    for (call, told) in [
        ("x = input('Load: ');", "input"),
        ("keyboard;", "keyboard"),
        ("yes_or_no('Sure? ')", "yes_or_no"),
        ("kbhit();", "kbhit"),
        ("f = uigetfile();", "uigetfile"),
        ("inputdlg('x')", "inputdlg"),
        ("ginput(1);", "ginput"),
        ("uiwait(gcf);", "uiwait"),
        ("pkg load nonesuch", "docs/octave.md"),
    ] {
        let script = format!("x = 1;\n\n{call}\n");
        let message = desk.complaint(json!({ "script": script, "timeout_ms": 20_000 }), &[]).await;
        assert!(message.contains(told) && message.contains("main at line 3"), "{call}: {message}");
    }
    let goes_on = "pause; pause(0.01); k = kbhit(1); dbstop in main at 3; msgbox('hello'); beep; r = 2;";
    assert_eq!(desk.result(goes_on).await, 2);
}

#[tokio::test]
async fn figures_are_drawn_into_files_and_nowhere_else() {
    let desk = Desk::new().await;
    let script = writes(
        "h = waitbar(0, 'Solving');
         for k = 1:700, waitbar(k / 700, h); end
         figure('visible', 'on');
         for k = 1:3, plot(1:9, sin(k * (1:9))); drawnow; refresh; end
         title('温度分布 — 온도 — Длина'); xlabel('x / µm'); ylabel('\\partial T / \\partial x, °C'); legend('α_{max}', '层');
         for e = {'png', 'pdf', 'svg', 'eps', 'jpg'}, print(['out.' e{1}]); end
         saveas(gcf, 'saved.png'); frame = getframe(gcf); r = size(frame.cdata, 3); disp('drawn');",
    );
    let outcome = desk.outcome(json!({ "script": script }), &[]).await;
    assert_eq!((&outcome["result"], &outcome["stdout"]), (&json!(3), &json!("drawn\n")));
    let figures = ["out.eps", "out.jpg", "out.pdf", "out.png", "out.svg", "saved.png"];
    assert_eq!(outcome["figures"], json!(figures));
}

#[tokio::test]
async fn files_are_run_as_their_authors_mean_them() {
    let desk = Desk::new().await;
    let r = "f = fopen('result.json', 'w'); fputs(f, jsonencode(r)); fclose(f);";
    let at = |entry: &str| json!({ "entry": entry });
    let shadow = "function z = trapz(varargin), z = -1; end";
    let uses = format!("r = trapz([0, 1], [1, 1]); {r}");
    let script = desk.outcome(at("main.m"), &[("main.m", &uses), ("compat/trapz.m", shadow)]).await;
    assert_eq!(script["result"], 1, "a folder that nobody named is not on the path");
    let named = json!({ "path": ["compat"] });
    let named = desk.outcome(named, &[("main.m", &uses), ("compat/trapz.m", shadow)]).await;
    assert_eq!(named["result"], -1);
    let away = format!("mkdir('deep'); cd('deep'); r = f(); cd('..'); {r}");
    let files = [("main.m", away.as_str()), ("lib/f.m", "function r = f(), r = 5; end")];
    let away = desk.outcome(json!({ "path": ["lib"] }), &files).await;
    assert_eq!(away["result"], 5);
    let first = format!("function y = twice(x)\n  y = 2 * x;\nend\nr = twice(4); {r}\n");
    assert_eq!(desk.outcome(at("main.m"), &[("main.m", &first)]).await["result"], 8);
    let quotes =
        "switch 'a'\n case 'end'\n y = 1;\n case '('\n y = 2;\n otherwise\n y = 3;\n end\n format long";
    let quotes = format!("function y = f()\n {quotes}\n warning off end\nend\nr = f(); {r}\n");
    assert_eq!(desk.outcome(at("main.m"), &[("main.m", &quotes)]).await["result"], 3);
    let nested = format!("function outer()\n r = 1;\n function inner()\n r = 2;\n end\n inner(); {r}\nend\n");
    for entry in ["outer.m", "nested.m"] {
        assert_eq!(desk.outcome(at(entry), &[(entry, &nested)]).await["result"], 2, "{entry}");
    }
    let hidden =
        [("src/plate.m", format!("function plate()\n r = 6; {r}\nend")), ("plate.m", shadow.to_owned())];
    let hidden = hidden.each_ref().map(|(path, text)| (*path, text.as_str()));
    let params = json!({ "entry": "src/plate.m", "path": ["src"] });
    assert_eq!(desk.outcome(params, &hidden).await["result"], 6);
    let only = format!("\u{feff}function plate()\r\n  r = 25;\r\n  {r}\r\nend");
    for entry in ["plate.m", "plate (1).m", "-plate.m", "src/plate.m", "plätte's.m"] {
        assert_eq!(desk.outcome(at(entry), &[(entry, &only)]).await["result"], 25, "{entry}");
    }
}

#[tokio::test]
async fn an_error_is_told_whole_and_where_the_caller_made_it() {
    let desk = Desk::new().await;
    let main = "x = 1;\ncheck(x);\n";
    let check = "function check(x)\n  if (x)\n    error(\"no solution:\\n  the mesh is empty\\n  near node %d\", x);\n  end\nend\n";
    let message =
        desk.complaint(json!({ "path": ["lib"] }), &[("main.m", main), ("lib/check.m", check)]).await;
    let told = "error: no solution:\n  the mesh is empty\n  near node 1\nerror: called from\n    check at line 3 column 5\n    main at line 2 column 1";
    assert!(message.ends_with(told), "{message}");
}

#[tokio::test]
async fn everything_a_program_made_or_changed_is_kept_and_nothing_else() {
    let desk = Desk::new().await;
    let script = "mkdir('out/deep'); save('-text', 'out/deep/x.mat', 'ans'); f = fopen('kept.txt', 'a'); fputs(f, 'more'); fclose(f);
        f = fopen('-1.csv', 'w'); fclose(f); f = fopen('.hidden', 'w'); fclose(f); plot(1); print('p.png'); system('mkfifo pipe');";
    let files = [("kept.txt", "some"), ("same.txt", "same"), ("lib/f.m", "")];
    let outcome = desk.outcome(json!({ "script": script }), &files).await;
    let mut kept: Vec<&str> =
        outcome["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["-1.csv", ".hidden", "kept.txt", "out/deep/x.mat", "p.png"], "{outcome}");
    assert_eq!(outcome["left_out"][0]["path"], "pipe", "{outcome}");
}

#[tokio::test]
async fn a_result_too_large_to_show_is_kept_and_named() {
    let desk = Desk::new().await;
    let script = writes("r.peak = 3; r.field = rand(600); r.last = 'end';");
    let outcome = desk.outcome(json!({ "script": script }), &[]).await;
    assert_eq!(outcome["result"], json!({ "peak": 3, "field": null, "last": "end" }));
    assert_eq!(
        (&outcome["result_left_out"], &outcome["files"]),
        (&json!(["/field"]), &json!(["result.json"]))
    );
    let damaged = "f = fopen('result.json', 'w'); fputs(f, '{\"a\": NaN}'); fclose(f); csvwrite('t.csv', 1);";
    let id = desk.start(&json!({ "script": damaged }), &[]).await;
    let run = desk.host.ended(&id).await;
    assert!(run["error"]["message"].as_str().unwrap().contains("result.json"), "{run}");
    assert_eq!(desk.file(&id, "t.csv").await, b"1\n", "nothing else is lost");
}

/// As docs/octave.md describes an image of one's own.
#[tokio::test]
async fn an_image_of_ones_own_has_more_packages() {
    let folder = tempfile::tempdir().unwrap();
    let octave = crate::host::image();
    let tag = format!("simulay-test-octave-{}", std::process::id());
    let mut recipe = format!("FROM {octave}\nUSER root\n");
    let package = "mkdir -p /tmp/p/inst && cd /tmp/p && printf 'Name: own\\nVersion: 1.0.0\\nDate: 2024-01-01\\nAuthor: A\\nMaintainer: A\\nTitle: Own\\nDescription: Own.\\nCategories: Own\\n' > DESCRIPTION && touch COPYING && printf 'function y = own_twice (x)\\n  y = 2 * x;\\nend\\n' > inst/own_twice.m";
    writeln!(recipe, "RUN {package} && cd /tmp && tar czf own-1.0.0.tar.gz p && octave-cli -qfHW --eval \"pkg install -global own-1.0.0.tar.gz\"").unwrap();
    recipe.push_str("USER 65532:65532\n");
    std::fs::write(folder.path().join("Dockerfile"), recipe).unwrap();
    docker(&["build", "-q", "-t", &tag, folder.path().to_str().unwrap()]);
    let data = tempfile::tempdir().unwrap();
    let registered = std::process::Command::new(env!("CARGO_BIN_EXE_simulay"))
        .args(["images", "register", "octave", &tag, "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(registered.status.success(), "{}", String::from_utf8_lossy(&registered.stderr));
    let host = Host::start_with(data.path(), None);
    host.upload("octave-script").await;
    let params = json!({ "script": writes("pkg load own; r = own_twice(21);") });
    let run = host.outcome("octave-script", &params, &[]).await;
    assert_eq!(run["report"]["outcome"]["result"], 42);
    drop(host);
    docker(&["rmi", "--force", &tag]);
}
