//! Whose word counts, and what is made of it.

use super::*;

const PROXY: &str = "10.0.0.5:4000";
const STRANGER: &str = "192.0.2.9:4000";

fn proxies() -> Proxies {
    let trusted = ["10.0.0.5/32", "10.1.0.0/16", "2001:db8::/64"].map(|network| network.parse().unwrap());
    Proxies::new(&ApiSettings { trusted_proxies: trusted.into(), ..ApiSettings::default() })
}

/// The client as a server finds it, and the `Host` that it goes by.
fn found(peer: &str, sent: &[(&'static str, &str)]) -> Result<(String, bool, String), Refusal> {
    let mut headers = HeaderMap::from_iter([(header::HOST, "inside".parse().unwrap())]);
    for (name, value) in sent {
        headers.append(*name, value.parse().unwrap());
    }
    let connection = Connection { peer: peer.parse().unwrap(), encrypted: false };
    let client = proxies().identify(connection, "/v1/runs", &mut headers)?;
    let left = headers.keys().filter(|name| *name != header::HOST).count();
    assert_eq!(left, 0, "nothing later finds what was said: {headers:?}");
    let host = headers[header::HOST].to_str().unwrap().to_owned();
    Ok((client.address.unwrap().to_string(), client.secure, host))
}

fn address(peer: &str, hops: &[&str]) -> String {
    let sent: Vec<_> = hops.iter().map(|hops| (FOR, *hops)).collect();
    found(peer, &sent).unwrap().0
}

#[test]
fn the_word_of_strangers_changes_nothing() {
    let said = [
        (FOR, "198.51.100.1"),
        (PROTO, "https"),
        (HOST, "outside"),
        ("forwarded", "for=198.51.100.1;proto=https"),
        ("x-real-ip", "198.51.100.1"),
        ("x-forwarded-port", "443"),
        ("x-original-url", "/v1/runs"),
        ("x-rewrite-url", "/v1/runs"),
        ("x-http-method-override", "DELETE"),
    ];
    let unmoved = ("192.0.2.9".to_owned(), false, "inside".to_owned());
    assert_eq!(found(STRANGER, &said).unwrap(), unmoved);
    let nonsense = [(FOR, "nonsense"), (PROTO, "gopher"), (HOST, "a b"), (HOST, "c")];
    assert_eq!(found(STRANGER, &nonsense).unwrap(), unmoved);
    // Of these, proxies speak by none.
    assert_eq!(found(PROXY, &said[3..]).unwrap(), ("10.0.0.5".to_owned(), false, "inside".to_owned()));
}

#[test]
fn a_client_is_the_last_hop_that_is_no_proxy_of_ours() {
    assert_eq!(address(PROXY, &["198.51.100.1"]), "198.51.100.1");
    assert_eq!(address(PROXY, &["198.51.100.1, 10.1.2.3"]), "198.51.100.1");
    assert_eq!(address(PROXY, &["1.1.1.1", "127.0.0.1,198.51.100.1", "10.1.2.3"]), "198.51.100.1");
    assert_eq!(
        address(PROXY, &["nonsense, 198.51.100.1"]),
        "198.51.100.1",
        "what a client made up is not looked at"
    );
    assert_eq!(address(PROXY, &["10.1.0.1, 10.1.0.2"]), "10.1.0.1");
    assert_eq!(address(PROXY, &["198.51.100.1:5060"]), "198.51.100.1");
    assert_eq!(address(PROXY, &["[2001:db8:1::1]:5060"]), "2001:db8:1::1");
    assert_eq!(address("[::ffff:10.0.0.5]:1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    assert_eq!(address("[2001:db8::7]:1", &["2001:db8:1::1"]), "2001:db8:1::1");
    assert_eq!(address(PROXY, &[]), "10.0.0.5");
    assert_eq!(address(PROXY, &["127.0.0.1"]), "10.0.0.5", "what is local there is not local here");
}

#[test]
fn a_proxy_that_makes_no_sense_is_told_so() {
    let many = ["10.1.0.1"; MOST_HOPS + 1].join(",");
    for hops in ["", "nonsense", "198.51.100.1,", "198.51.100.1, unknown", "10.0.0.256", "10.0.0.5/32", &many]
    {
        let refusal = found(PROXY, &[(FOR, hops)]).unwrap_err();
        assert_eq!(refusal.kind(), ProblemKind::InvalidHeader, "{hops}");
    }
    for sent in [[(PROTO, "gopher"), (PROTO, "https")], [(HOST, "one"), (HOST, "other")]] {
        assert!(found(PROXY, &sent).is_err(), "{sent:?}");
    }
    assert!(found(PROXY, &[(PROTO, "https, http")]).is_err());
}

#[test]
fn a_proxy_tells_how_the_client_came_and_what_it_asked_for() {
    let told = |proto| found(PROXY, &[(PROTO, proto), (HOST, "outside:8443")]).unwrap();
    assert_eq!(told("HTTPS"), ("10.0.0.5".to_owned(), true, "outside:8443".to_owned()));
    assert!(!told("http").1);
    let required = Proxies { required: true, ..proxies() };
    let connection = Connection { peer: PROXY.parse().unwrap(), encrypted: false };
    let plain = |path| {
        let mut headers = HeaderMap::from_iter([(PROTO.parse().unwrap(), "http".parse().unwrap())]);
        required.identify(connection, path, &mut headers).is_ok()
    };
    assert!(!plain("/v1/session") && plain("/healthz"), "nobody reads along where HTTPS is required");
    let mut headers = HeaderMap::from_iter([(HOST.parse().unwrap(), "outside".parse().unwrap())]);
    let connection = Connection { peer: PROXY.parse().unwrap(), encrypted: true };
    assert!(proxies().identify(connection, "/v1/runs", &mut headers).unwrap().secure, "it says nothing else");
    assert!(headers.is_empty(), "a request without `Host` gets none");
}

#[test]
fn what_comes_around_the_proxy_is_refused_where_one_is_required() {
    let required = Proxies { required: true, ..proxies() };
    let check = |proxies: &Proxies, peer: &str, encrypted, path| {
        proxies
            .check(Connection { peer: peer.parse().unwrap(), encrypted }, path)
            .map_err(|error| error.kind())
    };
    assert_eq!(check(&required, STRANGER, false, "/v1/runs"), Err(ProblemKind::ProxyBypassed));
    assert_eq!(check(&required, STRANGER, false, "/metrics"), Err(ProblemKind::ProxyBypassed));
    assert_eq!(check(&required, STRANGER, false, "/healthz"), Ok(()));
    assert_eq!(check(&required, STRANGER, false, "/readyz"), Ok(()));
    assert_eq!(check(&required, STRANGER, true, "/v1/runs"), Ok(()));
    for safe in [PROXY, "127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(check(&required, safe, false, "/v1/runs"), Ok(()), "{safe}");
    }
    assert_eq!(check(&proxies(), STRANGER, false, "/v1/runs"), Ok(()));
}
