//! Octave that was started ahead gives what it gives when it is started with its job, and so does a child of one.

use std::process::Command;

use simulay_containers::scripted::Memory;
use simulay_model::{ContainerCall, Digest, File, Resources, Source};

use crate::forked::{of_user, tenant};
use crate::pool::Host;
use crate::rig::{command, octave, resources};

/// What a program can find out about where it is, how it came there, and what is around it.
const SURROUNDINGS: &[&str] = &[
    "argv, program_name, program_invocation_name, nargin",
    "pwd, ls, exist main.m, which main, mfilename fullpath",
    "p = strsplit(path, ':'); disp(p.'); disp(numel(p))",
    "system('env | sort | grep -v ^SHLVL'); getenv('SIMULAY_BOOT'), getenv('SIM_A'), getenv('HOME')",
    "system('ls -l /proc/self/fd | wc -l; ls -la /tmp /dev/shm | grep -v total | wc -l; id; umask');",
    "system('grep -E ^Sig\\(Ign\\|Cgt\\) /proc/$PPID/status; cat /proc/$PPID/oom_score_adj; tr \"\\\\0\" \" \" </proc/$PPID/cmdline');",
    "system('cat /proc/$PPID/comm'); getenv('LD_BIND_NOW'), getenv('SIMULAY_FORK')",
    "system('cat /proc/$PPID/limits; ls /proc/$PPID/fd | sort -n | tr \"\\\\n\" \" \"');",
    "system('grep -E \"^(Threads|NoNewPrivs|Cap...|Umask):\" /proc/$PPID/status | grep -v CapBnd');",
    "warning(), get(0, 'defaultfigurevisible'), page_screen_output, version",
    "fopen('all'), f = fopen('x', 'w'), fclose(f); isatty(0), isatty(1), fgetl(stdin)",
    "whos; who global; lasterr, lastwarn, ans",
    "which close isfigure optimset, disp(numel(fieldnames(optimset('fsolve')))), optimset('tolx', 1)",
];

/// Numbers, random ones too.
const NUMBERS: &[&str] = &[
    "printf('%.17g ', rand(1, 3), randn(1, 3), rande(1, 3), randg(2, 1, 3), randp(5, 1, 3)); disp(randperm(9)), randi(99)",
    "x = magic(6) \\ (1:6).'; printf('%a\\n', x); printf('%a\\n', eig(hilb(5)))",
    "y = lsode(@(y, t) -y, 1, 0:0.5:2); printf('%a\\n', y); printf('%a\\n', quadgk(@(x) exp(-x.^2), 0, 1))",
    "format long; pi, single(pi), uint8(300), NaN, [1+2i; 3], {1, 'a'; [], @sin}, struct('a', {1, 2})",
    "disp(jsonencode(struct('a', [1 2 5e-324], 'b', 'größe'))), disp(jsondecode('{\"x\": [1, null]}'))",
    "x = 0:0.1:1; printf('%a ', fft(sin(x)), conv(x, x), polyfit(x, x.^2, 2), interp1(x, x.^2, 0.55))",
    "disp(f(4)), addpath('lib'), disp(g(5)), rmpath('lib'), g(5)",
    "pkg load statistics; disp(normcdf(0.3)), pkg list",
    "x = magic(4); save('-hdf5', 'x.h5', 'x'); y = load('x.h5'); disp(y.x), z = y.x; save('-hdf5', 'z.h5', 'z'); load z.h5; disp(z)",
];

/// Ends of all kinds.
const ENDS: &[&str] = &[
    "disp one; error('my:id', 'wrong %d', 3)",
    "disp one\nx = [1 2\ny = 3;\n",
    "undefined_function(1)",
    "fputs(stderr, 'no'); fputs(stdout, 'yes'); exit(3)",
    "exit(0); disp never",
    "atexit('bye'); function bye(), disp('bye'), end; disp hello",
    "atexit('bye'); function bye(), error('at the end'), end; disp hello",
    "f = fopen('left.txt', 'w'); fputs(f, 'not closed'); printf('no newline')",
    "kill(getpid(), 9)",
    "kill(getpid(), 15); pause(5)",
    "f = fopen('left.txt', 'w'); fputs(f, 'x'); unwind_protect, error('e'), unwind_protect_cleanup, disp('clean'), end_unwind_protect",
    "figure; plot(1:3); print('-dsvg', 'left.txt'); disp(exist('left.txt'))",
    "system('(sleep 600; echo late) & echo started'); disp('on'), fflush(stdout);",
    "system('for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = $$ ] || kill -STOP $p; kill -CONT $p; done 2>&1 | wc -l'); disp('on')",
    "diary('left.txt'); disp hello",
    "f = popen('cat > left.txt; sleep 0.2; echo end >> left.txt', 'w'); fputs(f, 'piped ')",
    "function p(), persistent x; mlock(); x = onCleanup(@() disp('cleaned')); end; p(); disp(1)",
    "x = onCleanup(@() close('all')); figure; y = onCleanup(@() disp('cleaned')); disp hello",
    // Octave misses a file that is made within a tick of the clock after it looked, once in some hundred times.
    "pause(0.05); f = fopen('close.m', 'w'); fputs(f, 'function close(varargin), disp(nargin), end'); fclose(f); rehash; close",
    "while true, end",
];

/// The call of `program`, beside functions and in a folder of its own.
fn call(program: &str) -> ContainerCall {
    let files = [
        ("main.m", program),
        ("f.m", "function y = f(x), y = 2 * x; end"),
        ("lib/g.m", "function y = g(x), y = 3 * x; end"),
    ];
    let files =
        files.map(|(path, text)| File { path: path.to_owned(), content: Source::Text(text.to_owned()) });
    let resources = Resources { timeout_ms: 20_000, ..resources() };
    let env = [("SIM_SEED", "42"), ("SIM_A", "a = 'b'\nc")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    ContainerCall {
        files: files.into(),
        outputs: vec!["*.txt".to_owned()],
        env: env.into(),
        resources,
        ..octave("")
    }
}

/// Gives each of `programs` to an Octave that waits, to one that is started for it, and to a child of one that has
/// had others before.
async fn are_equal(programs: &[&str]) {
    are_equal_as(programs, call).await;
}

/// The same, each in a call that `call` makes.
async fn are_equal_as(programs: &[&str], make: impl Fn(&str) -> ContainerCall) {
    let (mut warm, mut cold) = (Host::new(), Host::cold());
    let mut forked = Host::forking(tenant("ann", "1.0.0"));
    let container = forked.serves().await;
    for _ in 0..2 {
        warm.complete(&call("disp(1)")).await;
    }
    for program in programs {
        let mut call = make(program);
        if program.contains("while true") {
            call.resources.timeout_ms = 1000;
        }
        warm.octave_waits().await;
        let (one, other) = (warm.complete(&call).await, cold.complete(&call).await);
        assert_eq!(one.0, other.0, "{program}: {}", one.1.stderr());
        let of = |memory: &Memory| (memory.stdout(), memory.stderr(), memory.outputs());
        assert_eq!(of(&one.1), of(&other.1), "{program}");
        let third = forked.complete(&call).await;
        assert_eq!(third.0, other.0, "{program}: {}", third.1.stderr());
        let (stdout, stderr, outputs) = of(&third.1);
        assert_eq!((of_user(&stdout), stderr, outputs), of(&other.1), "{program}");
        assert_eq!(forked.serves().await, container, "{program}");
    }
}

#[tokio::test]
async fn it_finds_the_same_surroundings() {
    are_equal(SURROUNDINGS).await;
}

/// Of what Octave knows before it has a job, and the program has its own.
#[tokio::test]
async fn it_calls_what_hides_its_own_functions() {
    let with_own = |program: &str, folder: &str| {
        let mut call = call(program);
        for name in ["close", "isfigure"] {
            let text = format!("function t = {name}(varargin), disp('my own'), t = 1; end");
            call.files.push(File { path: format!("{folder}{name}.m"), content: Source::Text(text) });
        }
        call
    };
    let beside = ["isfigure(1); close", "clear all; isfigure(1); close", "which close isfigure"];
    are_equal_as(&beside, |program| with_own(program, "")).await;
    let elsewhere = ["addpath('lib')", "addpath('lib'); isfigure(1); close", "close; addpath('lib'); close"];
    are_equal_as(&elsewhere, |program| with_own(program, "lib/")).await;
}

#[tokio::test]
async fn it_computes_the_same_numbers() {
    are_equal(NUMBERS).await;
}

#[tokio::test]
async fn it_ends_the_same() {
    are_equal(ENDS).await;
}

/// Octave leaves before it has taken itself apart, and not before it has done all that a program left it to do.
#[tokio::test]
async fn what_a_program_leaves_to_its_end_is_done() {
    let mut host = Host::new();
    for (program, stdout, left) in [
        ("diary('left.txt'); disp hello", "hello\n", "hello\n"),
        ("f = fopen('left.txt', 'w'); fputs(f, 'not closed');", "", "not closed"),
        (
            "f = popen('cat > left.txt; sleep 0.2; echo end >> left.txt', 'w'); fputs(f, 'piped ');",
            "",
            "piped end\n",
        ),
        (
            "1; function p(), persistent x; mlock(); x = onCleanup(@() disp('late')); end; p(); fputs(fopen('left.txt', 'w'), 'x');",
            "late\n",
            "x",
        ),
        ("x = onCleanup(@() system('printf late > left.txt')); exit(0)", "", "late"),
    ] {
        let (_, memory) = host.complete(&call(program)).await;
        let outputs: Vec<_> = memory.outputs().into_values().collect();
        assert_eq!(
            (memory.stdout().as_str(), outputs),
            (stdout, vec![(left.len() as u64, Digest::of(left.as_bytes()))]),
            "{program}: {}",
            memory.stderr()
        );
    }
}

#[tokio::test]
async fn a_call_that_asks_for_another_command_has_that() {
    let mut host = Host::new();
    for _ in 0..2 {
        host.complete(&call("disp(1)")).await;
    }
    host.octave_waits().await;
    let other = ContainerCall {
        command: command(&["octave-cli", "-qfHW", "main.m", "x"]).command,
        ..call("disp(argv())")
    };
    let (_, memory) = host.complete(&other).await;
    assert_eq!(memory.stdout(), "{\n  [1,1] = x\n}\n");
}

#[tokio::test]
async fn options_by_which_octave_looks_for_files_first_are_not_started_ahead() {
    let mut host = Host::new();
    let path = ["octave-cli", "-qfHW", "-p", "lib", "main.m"];
    let call = ContainerCall { command: command(&path).command, ..call("disp(g(5))") };
    for _ in 0..4 {
        let (_, memory) = host.complete(&call).await;
        assert_eq!((memory.stdout(), memory.stderr()), ("15\n".to_owned(), String::new()));
        let waits = host.one_waits().await;
        assert!(!has_octave(&waits), "{waits}");
    }
}

/// Whether an Octave is in the container.
pub(crate) fn has_octave(id: &str) -> bool {
    let top = Command::new("docker").args(["top", id, "-o", "pid,comm"]).output().unwrap();
    String::from_utf8(top.stdout).unwrap().contains("octave")
}
