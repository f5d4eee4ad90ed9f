//! What a command finds around it.

use serde_json::Value;
use simulay_containers::scripted::Memory;
use simulay_containers_docker::Severity;
use simulay_model::{ContainerCall, Ending, Resources};

use crate::adoption::{go, waiting};
use crate::rig::{Rig, command, image_id, octave, shell};

/// The golden specification, for the same call and with this rig's names.
fn golden(rig: &Rig) -> Value {
    let name = rig.name;
    let text = include_str!("../golden/spec.json")
        .replace("<image>", &image_id().to_string())
        .replace("<instance>", &rig.instance.to_string())
        .replace("<run>", &name.run.to_string());
    let mut golden: Value = serde_json::from_str(&text).unwrap();
    golden["HostConfig"]["SecurityOpt"][1] =
        format!("seccomp={}", include_str!("../../src/seccomp.json")).into();
    golden
}

#[tokio::test]
async fn docker_shows_the_golden_specification() {
    let rig = Rig::new();
    let call = ContainerCall {
        resources: Resources { cpu_milli: 1500, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 },
        ..waiting()
    };
    let memory = Memory::new();
    let (completed, found) = tokio::join!(rig.run(&call, &memory), async {
        memory.printed("one").await;
        let found = rig.inspect().unwrap();
        go(&rig);
        found
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    let golden = golden(&rig);
    for (key, expected) in golden.as_object().unwrap() {
        match key.as_str() {
            "HostConfig" => {}
            // The golden file names another command.
            "Cmd" => assert_eq!(found["Config"]["Cmd"][0], "sh"),
            // The operator's image has labels of its own.
            "Labels" => {
                for (label, value) in expected.as_object().unwrap() {
                    assert_eq!(&found["Config"]["Labels"][label], value);
                }
            }
            _ => assert_eq!(&found["Config"][key], expected, "{key}"),
        }
    }
    assert_eq!(found["Image"], golden["Image"]);
    let host = &found["HostConfig"];
    for (key, expected) in golden["HostConfig"].as_object().unwrap() {
        let without_default = |value: &Value| {
            let mut value = value.clone();
            if let Some(policy) = value.as_object_mut() {
                policy.remove("MaximumRetryCount");
            }
            value
        };
        assert_eq!(without_default(&host[key]), *expected, "HostConfig.{key}");
    }
    for key in [
        "Binds",
        "Mounts",
        "VolumesFrom",
        "DeviceRequests",
        "CapAdd",
        "ExtraHosts",
        "Devices",
        "PortBindings",
    ] {
        let nothing = host[key].as_array().is_none_or(Vec::is_empty)
            && host[key].as_object().is_none_or(serde_json::Map::is_empty);
        assert!(nothing, "{key}: {}", host[key]);
    }
    for key in ["PidMode", "UTSMode", "UsernsMode"] {
        assert_eq!(host[key], "", "{key}");
    }
    assert_eq!(found["Mounts"], serde_json::json!([]));
}

#[tokio::test]
async fn a_command_has_no_rights_and_no_place_but_its_own() {
    let rig = Rig::new();
    let script = "id -u; id -g; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' ' | sort; \
        for f in /etc/x /usr/x /dev/x /var/x /run/x /proc/sys/kernel/hostname; do (echo > $f) 2>/dev/null && echo $f; done; \
        tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | grep -v '^lo$'; hostname; env | sort; \
        (cat /proc/1/environ || echo hidden) 2>/dev/null; pwd; touch /sim/x /tmp/x && echo own";
    let env =
        vec![("SIM_CASE".to_owned(), "a=b c".to_owned()), ("OMP_NUM_THREADS".to_owned(), "7".to_owned())];
    let (completed, memory) = rig.complete(&ContainerCall { env, ..shell(script) }).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    let expected = "65532\n65532\nCapBnd: 0000000000000000\nCapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n\
        simulay\nHOME=/sim\nLC_ALL=C.UTF-8\nOMP_NUM_THREADS=7\nPATH=/usr/bin:/bin\nPWD=/sim\nSIM_CASE=a=b c\n\
        hidden\n/sim\nown\n";
    assert_eq!(memory.stdout(), expected);
}

/// Makes each system call through Perl, which has no idea of what it does.
#[tokio::test]
async fn dangerous_system_calls_are_denied() {
    let rig = Rig::new();
    let probe = r#"
        my $buffer = "\0" x 256;
        my %calls = (af_alg => [41, 38, 5, 0], af_vsock => [41, 40, 1, 0], af_netlink => [41, 16, 3, 0],
            af_packet => [41, 17, 3, 0], io_uring_setup => [425, 8, $buffer], unshare => [272, 0x10000000],
            setns => [308, 0, 0], keyctl => [250, 0, -3, 0], add_key => [248, "user", "x", "y", 1, -3],
            bpf => [321, 0, $buffer, 64], perf_event_open => [298, $buffer, 0, -1, -1, 0],
            ptrace => [101, 0, 0, 0, 0], process_vm_readv => [310, $$, 0, 0, 0, 0, 0],
            userfaultfd => [323, 0], mount => [165, "none", "/tmp", "tmpfs", 0, 0], clone3 => [435, $buffer, 88],
            clone_newuser => [56, 0x10000000 | 17, 0, 0, 0, 0], splice => [275, 0, 0, 1, 0, 1, 0]);
        for my $name (sort keys %calls) {
            my $result = syscall($calls{$name}->[0], @{$calls{$name}}[1 .. $#{$calls{$name}}]);
            print "$name $result ", $! + 0, "\n";
        }
        for my $family (1, 2, 10) { print "family $family ", (syscall(41, $family, 1, 0) >= 0 ? 1 : 0), "\n"; }
    "#;
    let (completed, memory) = rig.complete(&command(&["perl", "-e", probe])).await;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    let told = memory.stdout();
    let (families, calls): (Vec<_>, Vec<_>) = told.lines().partition(|line| line.starts_with("family"));
    assert_eq!(calls.len(), 18, "{told}");
    for call in calls {
        assert!(call.ends_with(" -1 1") || call.ends_with(" -1 38"), "{call}");
    }
    assert_eq!(families, ["family 1 1", "family 2 1", "family 10 1"]);
}

/// The kernel loads a module for a protocol that it does not know yet, whoever asks.
#[tokio::test]
async fn no_protocol_is_asked_for_but_those_of_every_kernel() {
    let rig = Rig::new();
    let probe = r#"
        sub told { my $result = shift; $result >= 0 ? "fine" : $! + 0 }
        my %sockets = (tcp => [2, 1, 0], tcp6 => [10, 0x80801, 6], udp => [2, 2, 17], unix => [1, 1, 0],
            sctp => [2, 1, 132], sctp_packets => [2, 5, 0], sctp6 => [10, 5, 132], mptcp => [2, 1, 262],
            mptcp6 => [10, 1, 262], dccp => [2, 6, 0], udplite => [2, 2, 136], l2tp => [2, 2, 115],
            rds => [21, 5, 0], tipc => [30, 1, 0], smc => [43, 1, 0], xdp => [44, 3, 0], raw => [2, 3, 1],
            high => [0x100000002, 1, 132]);
        for my $name (sort keys %sockets) { print "$name ", told(syscall(41, @{$sockets{$name}})), "\n" }
        my $tcp = syscall(41, 2, 1, 0); my $on = pack('l', 1); my $tls = "tls";
        my %options = (nodelay => [6, 1, $on, 4], reuse => [1, 2, $on, 4], ulp => [6, 31, $tls, 3],
            ulp_high => [0x100000006, 31, $tls, 3], ulp_higher => [6, 0x10000001f, $tls, 3],
            mptcp_ulp => [284, 1, $tls, 3], ip => [0, 64, $on, 4]);
        for my $name (sort keys %options) { print "$name ", told(syscall(54, $tcp, @{$options{$name}})), "\n" }
        my $buffer = "\0" x 64;
        my %requests = (available => [0x541b, $buffer], bridge => [0x8940, $buffer], vlan => [0x8982, $buffer],
            discipline => [0x5423, $buffer], discipline_high => [0x100005423, $buffer], type_in => [0x5412, "x"]);
        for my $name (sort keys %requests) { print "$name ", told(syscall(16, $tcp, @{$requests{$name}})), "\n" }
    "#;
    let (completed, memory) = rig.complete(&command(&["perl", "-e", probe])).await;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    let told = memory.stdout();
    let fine: Vec<_> = told.lines().filter_map(|line| line.strip_suffix(" fine")).collect();
    assert_eq!(fine, ["tcp", "tcp6", "udp", "unix", "nodelay", "reuse", "available"], "{told}");
    assert_eq!(told.lines().filter(|line| line.ends_with(" 1")).count(), 24, "{told}");
}

#[tokio::test]
async fn thirty_two_bit_system_calls_end_the_program() {
    let rig = Rig::new();
    // x86 machine code: mov eax, 20 (getpid); int 0x80; then exit_group(0) the 64-bit way.
    let program = r#"
        my $code = "\xb8\x14\x00\x00\x00\xcd\x80\xb8\xe7\x00\x00\x00\x31\xff\x0f\x05";
        my $page = syscall(9, 0, 4096, 7, 0x22, -1, 0);
        syscall(0, 0, 0, 0);
        open(my $memory, '+<', '/proc/self/mem') or die "mem: $!";
        sysseek($memory, $page, 0); syswrite($memory, $code) or die "write: $!";
        require DynaLoader; my $jump = DynaLoader::dl_install_xsub('main::jump', $page); jump();
    "#;
    let (completed, memory) = rig.complete(&command(&["perl", "-e", program])).await;
    assert_eq!(completed.ending, Ending::Signalled(31), "{} {}", memory.stdout(), memory.stderr());
}

#[tokio::test]
async fn octave_plots_and_computes_with_threads() {
    let rig = Rig::new();
    let script = "graphics_toolkit gnuplot; a = rand(300); assert(norm(a * inv(a) - eye(300)) < 1e-6); \
        h = figure('visible', 'off'); plot(1:9, (1:9) .^ 2); print(h, '-dpng', 'plot.png');";
    let call = ContainerCall { outputs: vec!["*.png".to_owned()], ..octave(script) };
    let (completed, memory) = rig.complete(&call).await;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    assert!(memory.outputs()["plot.png"].0 > 1000);
}

#[tokio::test]
async fn nothing_survives_into_the_next_container() {
    let (first, second) = (Rig::new(), Rig::new());
    let leave =
        "echo secret > .octaverc; echo secret > /tmp/x; echo secret > /dev/shm/x; setsid sleep 100 & exit 0";
    let (completed, _) = first.complete(&shell(leave)).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    let (_, memory) = second.complete(&shell("find /sim /tmp /dev/shm -mindepth 1")).await;
    assert_eq!(memory.stdout(), "");
}

#[tokio::test]
async fn forks_without_end_stay_within_the_bound() {
    let rig = Rig::new();
    let script = "my $n = 0; while ($n < 1000) { my $child = fork(); last unless defined $child; \
        if (!$child) { sleep 100; exit } $n++ } print $n";
    let (completed, memory) = rig.complete(&command(&["perl", "-e", script])).await;
    assert_eq!(completed.ending, Ending::ProcessLimit);
    let children: u32 = memory.stdout().parse().unwrap();
    assert!((100..128).contains(&children), "{children}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn preflight_knows_this_daemon() {
    let findings = Rig::new().containers.preflight().await;
    let names: Vec<_> = findings.iter().map(|finding| finding.name.as_str()).collect();
    for name in ["engine", "runc", "runtime", "architecture", "seccomp", "limits", "cgroup", "live-restore"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let unsafe_ones: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Fail).collect();
    assert!(unsafe_ones.is_empty(), "{unsafe_ones:?}");
}
