//! Files on their way in.

use simulay_init::frames::{Content, Order, Rejection};

use crate::harness::{Init, script};

fn rejection_of(send: impl FnOnce(&mut Init)) -> Rejection {
    let mut init = Init::start();
    init.hello(1);
    send(&mut init);
    let told = init.told();
    assert_eq!(init.acknowledge(), 0);
    told.rejection.expect("a rejection")
}

#[test]
fn files_lie_below_the_working_directory() {
    let large: Vec<u8> = (0..1_000_000).map(|n| (n % 251) as u8).collect();
    let files: [(&str, &[u8]); 3] = [("main.m", b"x"), ("data/deep/large", &large), ("data/none", b"")];
    let init = Init::with_job(script("cat main.m; wc -c < data/deep/large; wc -c < data/none"), &files);
    assert_eq!(init.told().stdout(), "x1000000\n0\n");
    assert!(std::fs::read(init.path("data/deep/large")).unwrap() == large);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../x", "/tmp/x", "a/../../x", "", "a\0b"] {
        let rejection = rejection_of(|init| init.submit(script("true"), &[(name, b"x")]));
        assert!(matches!(rejection, Rejection::Input(path, _) if path == name), "{name}");
    }
}

#[test]
fn links_are_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (link, name) in [("link", "link/x"), ("x", "x")] {
        let rejection = rejection_of(|init| {
            std::os::unix::fs::symlink(elsewhere.path().join("x"), init.path(link)).unwrap();
            init.submit(script("true"), &[(name, b"x")]);
        });
        assert!(matches!(rejection, Rejection::Input(path, _) if path == name));
    }
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_name_can_be_given_once() {
    let rejection = rejection_of(|init| init.submit(script("true"), &[("a", b"1"), ("a", b"2")]));
    assert!(matches!(rejection, Rejection::Input(path, _) if path == "a"));
}

#[test]
fn sizes_must_be_as_announced() {
    for (size, content) in [(3, &b"ab"[..]), (1, b"ab")] {
        let rejection = rejection_of(|init| {
            init.send(&Order::Begin(script("true")));
            init.send(&Order::File { path: "a".to_owned(), size });
            init.send(&Order::Data(Content::of(content.to_vec())));
            init.send(&Order::Run);
        });
        assert!(matches!(rejection, Rejection::Input(path, _) if path == "a"));
    }
}

#[test]
fn orders_out_of_place_are_refused() {
    let orders =
        [Order::Run, Order::Data(Content::of(vec![1])), Order::File { path: "a".to_owned(), size: 1 }];
    for order in orders {
        assert!(matches!(rejection_of(|init| init.send(&order)), Rejection::Order(_)), "{order:?}");
    }
    let rejection = rejection_of(|init| {
        init.send(&Order::Begin(script("true")));
        init.send(&Order::Data(Content::of(vec![1])));
    });
    assert!(matches!(rejection, Rejection::Order(_)));
}

#[test]
fn a_second_begin_drops_the_first() {
    let mut init = Init::start();
    init.hello(1);
    init.send(&Order::Begin(script("echo first")));
    init.send_file("a/b/c", b"first");
    init.submit(script("ls; echo second"), &[]);
    assert_eq!(init.told().stdout(), "second\n");
}
