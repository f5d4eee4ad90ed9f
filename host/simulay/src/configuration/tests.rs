//! What settings are read, and which are refused.

use simulay_model::Quota;

use super::*;

fn read(file: &str, environment: &[(&str, &str)], flags: Flags) -> anyhow::Result<Settings> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Settings::read(&flags, &path, Some(environment))
}

#[test]
fn defaults_are_loopback_and_complete() {
    let settings = read("", &[], Flags::default()).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:7373");
    assert!(!settings.server.allow_remote);
    assert_eq!(settings.docker.runtime, Runtime::Runc);
    settings.check_listen().unwrap();
}

#[test]
fn a_pool_may_be_empty_and_not_of_no_time() {
    let settings = read("[pool]\nmax_containers = 0", &[], Flags::default()).unwrap();
    assert_eq!((settings.pool.max_containers, settings.pool.memory_mib), (Some(0), 256));
    let none = [("SIMULAY__POOL__MAX_CONTAINERS", "0")];
    assert_eq!(read("", &none, Flags::default()).unwrap().pool, settings.pool);
    for field in ["idle_seconds", "max_age_seconds"] {
        let refused = read(&format!("[pool]\n{field} = 0"), &[], Flags::default()).unwrap_err();
        assert!(refused.to_string().contains(field), "{refused}");
    }
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nmax_input_bytes = 5\n[log]\nformat = \"json\"";
    let environment = [("SIMULAY__SERVER__LISTEN", "127.0.0.1:2"), ("SIMULAY__RUNS__MAX_STEPS", "7")];
    let settings = read(file, &environment, Flags::default()).unwrap();
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.server.max_input_bytes, 5);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.runs.max_steps, Some(7));
    let flags = Flags { listen: Some("127.0.0.1:3".parse().unwrap()), ..Flags::default() };
    assert_eq!(read(file, &environment, flags).unwrap().server.listen.port(), 3);
}

#[test]
fn origins_are_written_as_browsers_send_them() {
    let origins = |text: &str| read(&format!("[server]\norigins = [\"{text}\"]"), &[], Flags::default());
    for origin in ["https://lab.example.org", "http://localhost:3000"] {
        assert_eq!(origins(origin).unwrap().server.origins, [origin]);
    }
    for wrong in ["lab.example.org", "https://lab.example.org/", "https://", "*", "https://*.example", "null"]
    {
        assert!(origins(wrong).unwrap_err().to_string().contains("server.origins"), "{wrong}");
    }
}

#[test]
fn a_path_of_a_proxy_is_checked() {
    let base = |text: &str| read(&format!("[server]\nbase_path = \"{text}\""), &[], Flags::default());
    assert!(base("").unwrap().server.base_path.is_root());
    assert_eq!(base("/sim").unwrap().server.base_path.to_string(), "/sim");
    for wrong in ["sim", "/sim/", "/v1", "https://lab.example.org/sim"] {
        assert!(base(wrong).unwrap_err().to_string().contains("no slash at the end"), "{wrong}");
    }
}

#[test]
fn hosts_come_from_the_environment_as_a_list() {
    let settings = read("", &[("SIMULAY__SERVER__HOSTS", "a.example,b.example")], Flags::default());
    assert_eq!(settings.unwrap().server.hosts, ["a.example", "b.example"]);
}

#[test]
fn an_empty_variable_says_nothing() {
    let file = "[server]\nhosts = [\"a.example\"]";
    let environment = [("SIMULAY__SERVER__HOSTS", ""), ("SIMULAY__RUNS__MAX_STEPS", "")];
    let settings = read(file, &environment, Flags::default()).unwrap();
    assert_eq!(
        (settings.server.hosts.as_slice(), settings.runs.max_steps),
        (&["a.example".into()][..], None)
    );
    assert!(read("", &environment, Flags::default()).unwrap().server.hosts.is_empty());
}

#[test]
fn unknown_names_and_wrong_values_are_refused_by_name() {
    let refused =
        |file, environment: &[_]| read(file, environment, Flags::default()).unwrap_err().to_string();
    assert!(refused("[server]\nlissten = 1", &[]).contains("lissten"));
    assert!(refused("", &[("SIMULAY__SERVR__LISTEN", "x")]).contains("servr"));
    assert!(refused("[server]\nlisten = \"nowhere\"", &[]).contains("listen"));
    assert!(refused("[images]\noctave = \"octave:latest\"", &[]).contains("octave:latest"));
    let source = "[image_sources]\noctave = \"127.0.0.1:5000/octave:1\"";
    assert!(refused(source, &[]).contains("image_sources.octave"));
    assert!(refused("[docker]\nca = \"ca.pem\"", &[]).contains("docker.key"));
    assert!(refused("[retention]\nunused_hours = 0", &[]).contains("retention.unused_hours"));
    assert!(refused("[plugins]\ncompile_seconds = 0", &[]).contains("plugins.compile_seconds"));
    assert!(refused("[runs]\nnewcomer_percent = 91", &[]).contains("runs.newcomer_percent"));
}

#[test]
fn risks_are_accepted_by_name_and_flags_add_to_the_settings() {
    let file = "accept_risks = [\"plain-tcp\"]";
    let flags = || Flags { accept_risks: vec![Risk::UnconfinedSandbox], ..Flags::default() };
    let settings = read(file, &[], flags()).unwrap();
    assert_eq!(settings.accept_risks, [Risk::PlainTcp, Risk::UnconfinedSandbox]);
    assert!(settings.accepts(Risk::PlainTcp) && !settings.accepts(Risk::UnboundedContainers));
    assert!(read("", &[], Flags::default()).unwrap().accept_risks.is_empty());
}

#[test]
fn plugins_wait_as_the_operator_says() {
    let approval =
        |environment: &[_]| read("", environment, Flags::default()).map(|all| all.plugins.approval);
    assert_eq!(approval(&[]).unwrap(), Approval::WhenAskingForMore);
    for (text, expected) in [("always", Approval::Always), ("never", Approval::Never)] {
        assert_eq!(approval(&[("SIMULAY__PLUGINS__APPROVAL", text)]).unwrap(), expected);
    }
    let refused = approval(&[("SIMULAY__PLUGINS__APPROVAL", "sometimes")]).unwrap_err().to_string();
    assert!(refused.contains("plugins.approval") && refused.contains("always"), "{refused}");
}

#[test]
fn a_named_file_must_be_there() {
    let flags = Flags { file: Some("/nowhere/simulay.toml".into()), ..Flags::default() };
    assert!(read("", &[], flags).is_err());
}

#[test]
fn other_machines_reach_us_only_when_allowed() {
    for (listen, allowed) in [
        ("127.0.0.1:0", true),
        ("[::1]:0", true),
        ("[::ffff:127.0.0.1]:0", true),
        ("0.0.0.0:0", false),
        ("[::]:0", false),
        ("10.0.0.1:0", false),
    ] {
        let flags = Flags { listen: Some(listen.parse().unwrap()), ..Flags::default() };
        let mut settings = read("", &[], flags).unwrap();
        assert_eq!(settings.check_listen().is_ok(), allowed, "{listen}");
        settings.server.allow_remote = true;
        assert_eq!(settings.check_listen().is_ok(), allowed, "{listen}: everyone might do everything");
        let accepted = Settings { accept_risks: vec![Risk::NoAccounts, Risk::PlainHttp], ..settings.clone() };
        accepted.check_listen().unwrap();
        settings.auth.mode = AuthMode::Accounts;
        assert_eq!(
            settings.check_listen().is_ok(),
            allowed,
            "{listen}: everyone on the way might read along"
        );
        let behind = [Network("10.0.0.5/32".parse().unwrap())];
        let proxied = Server { trusted_proxies: behind.into(), ..settings.server.clone() };
        Settings { server: proxied, ..settings.clone() }.check_listen().unwrap();
        settings.server.tls_cert = Some("cert.pem".into());
        settings.check_listen().unwrap();
    }
}

#[test]
fn what_a_remote_listener_lacks_is_told_with_the_risk() {
    let refused = |file| {
        let listen = Some("0.0.0.0:0".parse().unwrap());
        let flags = Flags { listen, allow_remote: true, ..Flags::default() };
        read(file, &[], flags).unwrap().check_listen().unwrap_err().to_string()
    };
    assert!(refused("").contains("--accept-risk no-accounts"));
    let plain = refused("[auth]\nmode = \"accounts\"");
    for part in ["server.tls_cert", "server.trusted_proxies", "--accept-risk plain-http"] {
        assert!(plain.contains(part), "{plain}");
    }
}

#[test]
fn proxies_are_addresses_and_networks() {
    let proxies = |text: &str| {
        let read = read("", &[("SIMULAY__SERVER__TRUSTED_PROXIES", text)], Flags::default());
        read.map(|settings| settings.server.trusted_proxies)
    };
    let found = proxies("10.0.0.5,10.1.2.3/16,::1,::ffff:10.0.0.6").unwrap();
    let found: Vec<String> = found.iter().map(|Network(network)| network.to_string()).collect();
    assert_eq!(found, ["10.0.0.5/32", "10.1.0.0/16", "::1/128", "10.0.0.6/32"]);
    for wrong in ["proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.5:80"] {
        let refused = proxies(wrong).unwrap_err().to_string();
        assert!(refused.contains("server.trusted_proxies") && refused.contains(wrong), "{refused}");
    }
}

#[test]
fn quotas_are_known_by_name_and_of_use() {
    let of = |text: &str| read(&format!("[quotas]\n{text}"), &[], Flags::default());
    let settings = of("max_containers = 4\nstored_bytes = 1099511627776").unwrap();
    assert_eq!(settings.quotas.of(Quota::MaxContainers), Some(4));
    assert_eq!(settings.quotas.of(Quota::StoredBytes), Some(1 << 40));
    assert!(read("", &[], Flags::default()).unwrap().quotas.is_empty());
    let environment = [("SIMULAY__QUOTAS__MAX_CONTAINERS", "3")];
    let settings = read("[quotas]\nmax_containers = 4", &environment, Flags::default()).unwrap();
    assert_eq!(settings.quotas.of(Quota::MaxContainers), Some(3));
    for (wrong, told) in [
        ("max_container = 4", "`max_container` is no quota"),
        ("max_containers = 0", "`max_containers` must be at least 1"),
        ("max_containers = -1", "-1"),
        ("max_containers = \"many\"", "many"),
    ] {
        let refused = of(wrong).unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn a_secret_comes_from_the_environment_as_it_is_and_not_from_the_file() {
    let oidc = "[auth.oidc]\nissuer = \"https://login.example.org\"\nclient_id = \"simulay\"\n\
                redirect_url = \"https://sim.example.org/v1/session/provider/return\"\n";
    let environment = [("SIMULAY__AUTH__OIDC__CLIENT_SECRET", "0012e4")];
    let settings = read(oidc, &environment, Flags::default()).unwrap();
    assert!(!format!("{settings:?}").contains("0012e4"));
    let secret = settings.auth.oidc.unwrap().client_secret.unwrap();
    assert_eq!(secret.reveal(), "0012e4");
    let written = format!("{oidc}client_secret = \"hush\"");
    let refused = read(&written, &[], Flags::default()).unwrap_err().to_string();
    assert!(refused.contains("client_secret_file") && !refused.contains("hush"), "{refused}");
    let never = read("[auth]\nsession_hours = 0", &[], Flags::default()).unwrap_err().to_string();
    assert!(never.contains("session_hours"), "{never}");
}

#[test]
fn a_proxy_before_a_listener_on_this_machine_makes_it_one_that_others_reach() {
    let check = |file: &str| read(file, &[], Flags::default()).unwrap().check_listen();
    let proxies = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let refused = check(proxies).unwrap_err().to_string();
    assert!(refused.contains("--accept-risk no-accounts"), "{refused}");
    check(&format!("{proxies}[auth]\nmode = \"accounts\"")).unwrap();
    check("").unwrap();
}
