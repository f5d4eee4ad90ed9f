//! Inputs to begin with, made from real things, and where they lie.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use simulay_hostile::bombs;
use simulay_hostile::guest::Guest;
use simulay_init::frames::{
    Content, Exit, JobSpec, Message, Order, PROTOCOL, Phase, Rejection, Report, encode,
};
use simulay_model::Manifest;

use crate::answer;

/// What the plugins we ship say of themselves.
pub const MANIFESTS: [&str; 4] = [
    include_str!("../../../fuzz/seeds/manifest/octave-script.json"),
    include_str!("../../../fuzz/seeds/manifest/heat-equation.json"),
    include_str!("../../../fuzz/seeds/manifest/beam-monte-carlo.json"),
    include_str!("../../../fuzz/seeds/manifest/cooling-calibration.json"),
];

/// A seed: its target, its name and its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// The folder of the seeds of a target.
#[must_use]
pub fn folder(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../fuzz/seeds", target].iter().collect()
}

/// The seeds of a target as they lie in its folder, what was found before among them.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder(target)).expect("the folder of seeds");
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Every seed that can be made.
#[must_use]
pub fn make() -> Vec<Seed> {
    [uploads(), manifests(), frames(), params()].concat()
}

fn uploads() -> Vec<Seed> {
    let seed = |name: &str, bytes| ("upload", format!("{name}.wasm"), bytes);
    vec![
        seed("echo", Guest::default().build()),
        seed("echo-0-1", Guest::v0_1().build()),
        seed("reader", answer::reader().build()),
        seed("tuples", bombs::doubling_tuples(5)),
        seed("lists", bombs::nested_lists(5)),
        seed("components", bombs::nested_components(5)),
        seed("types", bombs::nested_types(5)),
    ]
}

fn manifests() -> Vec<Seed> {
    vec![("manifest", "echo.memory".to_owned(), Guest::default().manifest())]
}

fn params() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for text in MANIFESTS {
        let manifest: Manifest = serde_json::from_str(text).unwrap();
        for (index, example) in manifest.examples.iter().enumerate() {
            seeds.push(request(&format!("{}-{index}", manifest.name.as_str()), &example.params));
        }
    }
    let odd =
        r#"{"a": [1, -2, 0.5, 1e3, true, null, "ü\n\ud83d\ude00"], "a": {}, "c": 18446744073709551615}"#;
    seeds.push(("params", "odd.json".to_owned(), odd.into()));
    seeds
}

fn request(name: &str, params: &Value) -> Seed {
    let input = json!({
        "path": "data/measured.csv", "size": 3, "sha256": "0".repeat(64), "media_type": "text/csv",
    });
    let request = json!({ "params": params, "inputs": [input], "seed": 7 });
    ("params", format!("{name}.json"), request.to_string().into_bytes())
}

fn frames() -> Vec<Seed> {
    let (orders, reports, rejections) = (orders(), reports(), rejections());
    vec![
        seal("orders", &orders),
        seal("reports", &reports),
        seal("rejections", &rejections),
        stream("orders", &orders),
        stream("reports", &reports),
    ]
}

/// Messages as they go over an attachment.
fn stream<T: serde::Serialize + Message>(name: &str, messages: &[T]) -> Seed {
    let bytes = messages.iter().flat_map(|message| encode(message).unwrap()).collect();
    ("frames", format!("{name}.stream"), bytes)
}

/// Messages, each after its length, but for those that bring more than a frame.
fn seal<T: serde::Serialize + Message>(name: &str, messages: &[T]) -> Seed {
    let mut bytes = Vec::new();
    for message in messages.iter().filter(|message| message.content().is_none()) {
        let message = postcard::to_allocvec(message).unwrap();
        bytes.push(u8::try_from(message.len()).expect("seeds are short"));
        bytes.extend(message);
    }
    ("frames", format!("{name}.sealed"), bytes)
}

fn orders() -> Vec<Order> {
    let job = JobSpec {
        attempt: "simulay-0-0-0-0".to_owned(),
        command: ["octave-cli", "main.m"].map(str::to_owned).into(),
        env: vec![("SIM_MODE".to_owned(), "fast".to_owned())],
        outputs: ["out/**", "*.{csv,png}", "[a-c]?.txt"].map(str::to_owned).into(),
        excludes: vec![".cache/**".to_owned()],
        keep_unchanged: false,
        max_stream_bytes: 1 << 20,
        end_on_stream_limit: false,
        max_output_bytes: 1 << 20,
        max_outputs: 10,
        timeout_ms: 60_000,
        grace_ms: 1000,
        hold_ms: 1000,
    };
    vec![
        Order::Hello { session: 7 },
        Order::Begin(job),
        Order::File { path: "main.m".to_owned(), size: 5 },
        Order::Data(Content::of(b"x = 1".to_vec())),
        Order::Run,
        Order::Terminate,
        Order::Ack,
    ]
}

fn reports() -> Vec<Report> {
    let exit = Exit {
        code: Some(0),
        signal: None,
        timed_out: false,
        stream_limit: false,
        terminated: false,
        stopped: false,
        oom_kills: Some(0),
        refused_processes: 0,
        scratch_full: false,
        wall_ms: 5,
        cpu_ms: Some(3),
        peak_memory_bytes: None,
    };
    vec![
        Report::Serves { attempt: "simulay-0-0-0-0".to_owned() },
        Report::Started,
        Report::Stdout { offset: 0, bytes: b"ab".to_vec() },
        Report::Stderr { offset: 0, bytes: b"warning".to_vec() },
        Report::Stdout { offset: 2, bytes: b"c".to_vec() },
        Report::Exited(exit),
        Report::Output { path: "out/a.csv".to_owned(), size: 3 },
        Report::Data(Content::of(b"1".to_vec())),
        Report::Data(Content::of(b"2\n".to_vec())),
        Report::Output { path: "empty".to_owned(), size: 0 },
        Report::Output { path: "out/b.csv".to_owned(), size: 3 },
        Report::Abandoned { reason: "why".to_owned() },
        Report::LeftOut { path: "c".to_owned(), reason: "why".to_owned() },
        Report::LeftOutMore(2),
        Report::Done,
        Report::Welcome { session: 7, phase: Phase::Ended, protocol: PROTOCOL },
    ]
}

fn rejections() -> Vec<Report> {
    let text = || "why".to_owned();
    let rejections = [
        Rejection::InputsTooLarge,
        Rejection::Order(text()),
        Rejection::Input("main.m".to_owned(), text()),
        Rejection::Command(text()),
    ];
    rejections.map(Report::Rejected).into()
}
