use proptest::prelude::*;
use simulay_model::{Digest, File, OnFailure, Source};

use super::*;

const PERMITTED: Resources =
    Resources { cpu_milli: 8000, memory_mib: 4096, scratch_mib: 4096, timeout_ms: 7_200_000 };

fn permissions() -> Permissions {
    Permissions { images: ["octave", "unregistered"].map(str::to_owned).into(), max_resources: PERMITTED }
}

fn policy() -> Policy {
    let id = |name: &str| ImageId::from(Digest::of(name.as_bytes()));
    let images = ["octave", "undeclared"].map(|name| (name.to_owned(), id(name))).into();
    Policy { images, ..Policy::default() }
}

fn call() -> ContainerCall {
    ContainerCall {
        name: "solve-1".to_owned(),
        image: "octave".to_owned(),
        command: ["octave-cli", "-qfHW", "/sim/main.m"].map(str::to_owned).into(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1500, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 },
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

fn admit(call: &ContainerCall) -> Result<Admitted, ContainerError> {
    policy().admit(call, &permissions())
}

/// The field that a changed call is refused for.
fn refused(change: impl FnOnce(&mut ContainerCall)) -> String {
    let mut call = call();
    change(&mut call);
    match admit(&call) {
        Err(ContainerError::SpecDenied { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

fn file(path: &str) -> File {
    File { path: path.to_owned(), content: Source::Text("x".to_owned()) }
}

#[test]
fn images_are_declared_and_registered() {
    for image in ["undeclared", "unregistered", "alpine", "octave:latest", "octave ", "-v", ""] {
        let refused = admit(&ContainerCall { image: image.to_owned(), ..call() });
        assert!(matches!(refused, Err(ContainerError::ImageNotAllowed { .. })), "{image}");
    }
    let nothing = Policy::default().admit(&call(), &permissions());
    assert!(matches!(nothing, Err(ContainerError::ImageNotAllowed { .. })));
    assert_eq!(admit(&call()).unwrap().image, ImageId::from(Digest::of(b"octave")));
}

#[test]
fn commands_are_bounded() {
    assert_eq!(refused(|call| call.command.clear()), "command");
    assert_eq!(refused(|call| call.command[0].clear()), "command[0]");
    assert_eq!(refused(|call| call.command = vec!["x".to_owned(); 257]), "command");
    assert_eq!(refused(|call| call.command[2] = "x".repeat((16 << 10) + 1)), "command[2]");
    assert_eq!(refused(|call| call.command = vec!["x".repeat(14 << 10); 5]), "command");
    assert_eq!(refused(|call| call.command[1] = "a\0b".to_owned()), "command[1]");
    let literal = ["sh", "-c", "$(id); `id` && \"", ""].map(str::to_owned).to_vec();
    let admitted = admit(&ContainerCall { command: literal.clone(), ..call() }).unwrap();
    assert_eq!(admitted.command, literal);
}

#[test]
fn variables_are_on_the_list() {
    let set = |key: &str, value: &str| {
        let env = vec![("TZ".to_owned(), "UTC".to_owned()), (key.to_owned(), value.to_owned())];
        refused(|call| call.env = env)
    };
    for key in ["PATH", "LD_PRELOAD", "HOME", "SIM_x", "SIM", "sim_a", "XSIM_A", "SIM_A=", "", "SIM_Ä", "TZ"]
    {
        assert_eq!(set(key, "x"), "env[1]", "{key}");
    }
    assert_eq!(set("SIM_A", "a\0"), "env[1]");
    assert_eq!(set("SIM_A", &"x".repeat((4 << 10) + 1)), "env[1]");
    let many = (0..66).map(|n| (format!("SIM_{n}"), String::new())).collect();
    assert_eq!(refused(|call| call.env = many), "env");
    let env: Vec<_> = ["SIM_", "SIM_A_1", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GNUTERM", "TZ"]
        .map(|key| (key.to_owned(), "1=2\n3".to_owned()))
        .into();
    assert_eq!(admit(&ContainerCall { env, ..call() }).unwrap().env.len(), 6);
}

#[test]
fn files_have_a_place_each() {
    let with = |paths: &[&str]| {
        let files = paths.iter().map(|path| file(path)).collect();
        refused(|call| call.files = files)
    };
    for path in ["/etc/passwd", "../x", "a/../b", "", "a//b", "a\0b"] {
        assert_eq!(with(&["fine", path]), "files[1].path", "{path}");
    }
    assert_eq!(with(&["a/b", "c", "a/b"]), "files[2].path");
    assert_eq!(with(&["a/b/c", "a/b"]), "files[1].path");
    assert_eq!(with(&["a", "a/b/c"]), "files[1].path");
    let many = (0..10_001).map(|n| file(&n.to_string())).collect();
    assert_eq!(refused(|call| call.files = many), "files");
    let files = ["ab", "a/b", "a/c", ".octaverc", "größe", "AB", "-x", "a\\b", "a\nb"].map(file).into();
    assert_eq!(admit(&ContainerCall { files, ..call() }).unwrap().files.len(), 9);
}

#[test]
fn what_the_plugin_wrote_is_bounded_and_artifacts_are_not_its_writing() {
    let mut policy = policy();
    policy.limits.max_input_bytes = 5;
    let text = File { path: "a".to_owned(), content: Source::Text("abc".to_owned()) };
    let bytes = |length| File { path: "b".to_owned(), content: Source::Bytes(vec![0; length]) };
    let artifact = File { path: "c".to_owned(), content: Source::Artifact(Digest::of(b"")) };
    let fits = ContainerCall { files: vec![text.clone(), bytes(2), artifact], ..call() };
    assert!(policy.admit(&fits, &permissions()).is_ok());
    let over = ContainerCall { files: vec![text, bytes(3)], ..call() };
    assert!(matches!(
        policy.admit(&over, &permissions()),
        Err(ContainerError::SpecDenied { field, .. }) if field == "files"
    ));
}

#[test]
fn output_patterns_stay_below_the_working_directory() {
    let with = |pattern: &str| refused(|call| call.outputs = vec!["*".to_owned(), pattern.to_owned()]);
    for pattern in ["", "/etc/*", "..", "../*", "a/../../b", "a\0", "[a", "{a,b", "a\n"] {
        assert_eq!(with(pattern), "outputs[1]", "{pattern:?}");
    }
    assert_eq!(refused(|call| call.outputs = vec!["*".to_owned(); 65]), "outputs");
    let outputs = ["*.csv", "out/**", "{a,b}.[ch]", "?"].map(str::to_owned).to_vec();
    assert_eq!(admit(&ContainerCall { outputs: outputs.clone(), ..call() }).unwrap().outputs, outputs);
    assert_eq!(refused(|call| call.excludes = vec!["[a".to_owned()]), "excludes[0]");
}

#[test]
fn resources_are_refused_over_the_manifest_and_lowered_to_the_operator() {
    assert_eq!(refused(|call| call.resources.memory_mib = 0), "resources.memory_mib");
    assert_eq!(refused(|call| call.resources.cpu_milli = 9), "resources.cpu_milli");
    assert_eq!(refused(|call| call.resources.timeout_ms = 7_200_001), "resources.timeout_ms");
    assert_eq!(admit(&call()).unwrap().resources(), call().resources);
    let all = admit(&ContainerCall { resources: PERMITTED, ..call() }).unwrap();
    assert_eq!(all.resources(), Limits::default().resources);
}

#[test]
fn names_are_plain() {
    for name in ["", "a b", "a/b", "ä", "a\n", &"x".repeat(65)] {
        assert_eq!(refused(|call| call.name = name.to_owned()), "name", "{name}");
    }
}

/// A job of the largest admitted call still fits into one frame.
#[test]
fn the_largest_job_fits_into_a_frame() {
    let large = ContainerCall {
        command: vec!["x".repeat(16 << 10); 4],
        env: (0..16).map(|n| (format!("SIM_{n:02}"), "x".repeat((4 << 10) - 6))).collect(),
        outputs: vec!["x".repeat(1024); 16],
        excludes: vec!["x".repeat(1024); 16],
        ..call()
    };
    let admitted = admit(&large).unwrap();
    let job = simulay_init::frames::JobSpec {
        attempt: "x".repeat(128),
        command: admitted.command,
        env: admitted.env.into_iter().collect(),
        outputs: admitted.outputs,
        excludes: admitted.excludes,
        keep_unchanged: true,
        end_on_stream_limit: true,
        max_stream_bytes: u64::MAX,
        max_output_bytes: u64::MAX,
        max_outputs: u32::MAX,
        timeout_ms: u64::MAX,
        grace_ms: u64::MAX,
        hold_ms: u64::MAX,
    };
    assert!(simulay_init::frames::encode(&simulay_init::frames::Order::Begin(job)).is_ok());
}

proptest! {
    /// Whatever a call says: it is refused by name, or what is admitted keeps every bound.
    #[test]
    fn nothing_slips_through(
        command in proptest::collection::vec(".{0,40}", 0..6),
        env in proptest::collection::vec(("(SIM_)?[A-Z_=\0]{0,8}", ".{0,20}"), 0..4),
        paths in proptest::collection::vec("[aA./-]{0,5}|.{0,6}", 0..5),
        outputs in proptest::collection::vec("[a*.?/{}\\[]{0,6}|.{0,6}", 0..4),
        cpu_milli in 0_u32..20_000,
        memory_mib: u32,
    ) {
        let resources = Resources { cpu_milli, memory_mib, ..call().resources };
        let files = paths.iter().map(|path| file(path)).collect();
        let call = ContainerCall { command, env, files, outputs, resources, ..call() };
        match admit(&call) {
            Err(ContainerError::SpecDenied { field, rule }) => {
                prop_assert!(!rule.is_empty());
                let root: String = field.chars().take_while(char::is_ascii_alphabetic).collect();
                prop_assert!(["command", "env", "files", "outputs", "resources"].contains(&root.as_str()), "{}", field);
            }
            Err(other) => prop_assert!(false, "{other:?}"),
            Ok(admitted) => {
                prop_assert!(admitted.command.iter().all(|argument| !argument.contains('\0')));
                prop_assert!(admitted.env.keys().all(|key| key.starts_with("SIM_")));
                prop_assert!(admitted.outputs.iter().all(|pattern| !pattern.starts_with('/')));
                prop_assert!(admitted.resources.exceeds(&Limits::default().resources).is_none());
            }
        }
    }
}
