use proptest::prelude::*;
use serde_json::Value;
use simulay_containers::Policy;
use simulay_model::{Resources, RunId};

use super::*;
use crate::fixtures::{admitted, call, policy};

const CPUS: u32 = 2;

fn name() -> ContainerName {
    ContainerName { run: RunId::from(Uuid::from_u128(7)), step: 0, call: 0, attempt: 0 }
}

fn place() -> Place {
    Place { instance: Uuid::from_u128(9), owner: None, runtime: Runtime::Runc, cpus: CPUS }
}

/// The body as JSON, with what differs from container to container shown by name.
fn marked(call: &Admitted, name: ContainerName) -> Value {
    let mut body = serde_json::to_value(body(name, call, place())).unwrap();
    let seccomp = format!("seccomp={SECCOMP}");
    assert_eq!(body["HostConfig"]["SecurityOpt"][1], seccomp);
    body["HostConfig"]["SecurityOpt"][1] = "seccomp=<profile>".into();
    body["Image"] = "<image>".into();
    body["Labels"][INSTANCE_LABEL] = "<instance>".into();
    body["Labels"]["org.simulay.run"] = "<run>".into();
    body
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/spec.json")).unwrap()
}

#[test]
fn the_body_is_the_golden_one() {
    let admitted = admitted(&call(), &policy());
    let found = marked(&admitted, name());
    assert_eq!(found, golden(), "{found:#}");
}

#[test]
fn one_that_waits_differs_in_its_labels_and_has_no_command() {
    let admitted = admitted(&call(), &policy());
    let mut cold = serde_json::to_value(body(name(), &admitted, place())).unwrap();
    let life = Uuid::from_u128(3);
    let warm = warm_body(Class::of(&admitted, CPUS), life, place());
    let mut warm = serde_json::to_value(warm).unwrap();
    let labels = warm.as_object_mut().unwrap().remove("Labels").unwrap();
    assert_eq!(labels, serde_json::json!({ INSTANCE_LABEL: place().instance, POOL_LABEL: life }));
    let env = warm["Env"].as_array_mut().unwrap();
    assert_eq!(env.pop().unwrap(), "SIMULAY_PATIENCE=300");
    for own in ["Labels", "Cmd"] {
        cold.as_object_mut().unwrap().remove(own);
    }
    assert_eq!(warm, cold);
}

#[test]
fn one_in_which_calls_follow_each_other_differs_in_who_init_is_and_in_little_else() {
    let admitted = admitted(&call(), &policy());
    let (class, life) = (Class::of(&admitted, CPUS), Uuid::from_u128(3));
    let mut fork = serde_json::to_value(fork_body(class, life, place())).unwrap();
    let warm = serde_json::to_value(warm_body(class, life, place())).unwrap();
    let host = |body: &Value, field: &str| body["HostConfig"][field].clone();
    assert_eq!(fork["User"], "0:0");
    assert_eq!(fork["Labels"].as_object_mut().unwrap().remove("org.simulay.isolation").unwrap(), "");
    assert_eq!(host(&fork, "CapAdd"), serde_json::json!(["CHOWN", "SETGID", "SETUID"]));
    assert_eq!(host(&fork, "PidsLimit"), 131);
    let scratch = host(&fork, "Tmpfs")["/sim"].as_str().unwrap().replace("id=0", "id=65532");
    fork["HostConfig"]["Tmpfs"]["/sim"] = scratch.into();
    fork["HostConfig"].as_object_mut().unwrap().remove("CapAdd");
    fork["HostConfig"]["PidsLimit"] = host(&warm, "PidsLimit");
    fork["User"] = warm["User"].clone();
    assert_eq!(fork, warm);
}

#[test]
fn marked_fields_say_what_they_should() {
    let admitted = admitted(&call(), &policy());
    let body = body(name(), &admitted, place());
    assert_eq!(body.image, Some(admitted.image().to_string()));
    let labels = body.labels.unwrap();
    assert_eq!(labels[INSTANCE_LABEL], place().instance.to_string());
    assert_eq!(labels["org.simulay.run"], name().run.to_string());
}

#[test]
fn the_seccomp_profile_denies_by_default_and_knows_one_architecture() {
    let profile: Value = serde_json::from_str(SECCOMP).unwrap();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    assert_eq!(profile["architectures"], serde_json::json!(["SCMP_ARCH_X86_64"]));
    let rules = profile["syscalls"].as_array().unwrap();
    let allowed = rules.iter().filter(|rule| rule["action"] == "SCMP_ACT_ALLOW");
    let names: Vec<_> = allowed.flat_map(|rule| rule["names"].as_array().unwrap()).collect();
    for denied in [
        "io_uring_setup",
        "io_uring_enter",
        "userfaultfd",
        "bpf",
        "perf_event_open",
        "keyctl",
        "add_key",
        "request_key",
        "unshare",
        "setns",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "clone3",
        "open_by_handle_at",
        "splice",
        "vmsplice",
        "tee",
        "modify_ldt",
        "kexec_load",
        "init_module",
        "finit_module",
        "socketcall",
    ] {
        assert!(names.iter().all(|name| *name != denied), "{denied}");
    }
}

#[test]
fn a_plugins_variables_reach_the_command_and_not_the_container() {
    let mut asked = call();
    asked.env = vec![("OMP_NUM_THREADS".to_owned(), "5".to_owned()), ("SIM_A".to_owned(), "b".to_owned())];
    let admitted = admitted(&asked, &policy());
    let env = environment(&admitted, place());
    let value = |key: &str| env.iter().filter(|(known, _)| known == key).collect::<Vec<_>>();
    assert_eq!(value("OMP_NUM_THREADS"), [&("OMP_NUM_THREADS".to_owned(), "5".to_owned())]);
    assert_eq!(value("SIM_A").len(), 1);
    assert_eq!(body(name(), &admitted, place()).env.unwrap()[3], "OMP_NUM_THREADS=1");
}

#[test]
fn no_more_cpus_are_asked_for_than_there_are() {
    let mut asked = call();
    asked.resources.cpu_milli = 8000;
    let mut generous = policy();
    generous.limits.resources.cpu_milli = 8000;
    let admitted = admitted(&asked, &generous);
    let body = body(name(), &admitted, place());
    assert_eq!(body.host_config.unwrap().nano_cpus, Some(2_000_000_000));
    assert_eq!(body.env.unwrap()[3], "OMP_NUM_THREADS=2");
}

proptest! {
    /// Whatever an admitted call says, only the fields that are its own differ from the golden body.
    #[test]
    fn nothing_else_ever_differs(
        command in proptest::collection::vec("[^\0]{1,40}", 1..6),
        value in "[^\0]{0,30}",
        cpu_milli in 10_u32..=8000,
        memory_mib in 1_u32..=4096,
        scratch_mib in 1_u32..=4096,
        timeout_ms in 1_u64..=7_200_000,
        step: u32,
        number: u32,
        attempt: u32,
        text in "[^\0]{0,30}",
    ) {
        let resources = Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms };
        let mut asked = call();
        asked.command = command.clone();
        asked.env = vec![("SIM_VALUE".to_owned(), value)];
        asked.files = vec![simulay_model::File {
            path: "in".to_owned(),
            content: simulay_model::Source::Text(text),
        }];
        asked.resources = resources;
        let policy: Policy = policy();
        let admitted = admitted(&asked, &policy);
        let name = ContainerName { step, call: number, attempt, ..name() };
        let mut found = marked(&admitted, name);
        let granted = resources.min(&policy.limits.resources);
        let memory = (u64::from(granted.memory_mib + granted.scratch_mib) + 64 + 16 + 32) << 20;
        let host = &found["HostConfig"];
        prop_assert_eq!(&host["Memory"], &Value::from(memory));
        prop_assert_eq!(&host["MemorySwap"], &Value::from(memory));
        prop_assert_eq!(&host["NanoCpus"], &Value::from(u64::from(granted.cpu_milli) * 1_000_000));
        prop_assert_eq!(&found["Cmd"], &Value::from(command));
        let golden = golden();
        let own = [
            "/Cmd", "/Env/3", "/Labels/org.simulay.step", "/Labels/org.simulay.call", "/Labels/org.simulay.attempt",
            "/HostConfig/Memory", "/HostConfig/MemorySwap", "/HostConfig/NanoCpus",
            "/HostConfig/Tmpfs/~1sim",
        ];
        for pointer in own {
            *found.pointer_mut(pointer).unwrap() = golden.pointer(pointer).unwrap().clone();
        }
        prop_assert_eq!(found, golden);
    }
}
