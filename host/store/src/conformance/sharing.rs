//! Plugins that others see.

use simulay_model::OwnerFilter::{Any, Shared};
use simulay_model::Visibility::{Private, Public, Shared as SharedWith};
use simulay_model::{OwnerFilter, Scope, Visibility};

use super::Subject;
use super::owners::{account, only, plugin_of};
use crate::StoreError;

fn shared_with(accounts: &[&str]) -> Visibility {
    SharedWith(accounts.iter().map(|name| account(name)).collect())
}

/// What an account sees that may see what is shared.
fn seen_by(owner: &str) -> OwnerFilter {
    Shared(account(owner))
}

/// With all its versions, until something else is said; to change it is another thing.
pub async fn a_plugin_is_seen_by_those_it_is_shared_with(subject: &Subject) {
    let plugin = plugin_of("ada", "1.0.0");
    subject.plugins.add(plugin.clone(), None).await.unwrap();
    let name = &plugin.manifest.name;
    for (visibility, seen) in [
        (Private, [false, false]),
        (Public, [true, true]),
        (shared_with(&["bob", "nobody"]), [true, false]),
        (shared_with(&["eve"]), [false, true]),
        (shared_with(&["bob", "eve"]), [true, true]),
        (Public, [true, true]),
        (Public, [true, true]),
        (Private, [false, false]),
    ] {
        subject.plugins.set_visibility(&only("ada"), name, visibility.clone()).await.unwrap();
        for (owner, there) in ["bob", "eve"].into_iter().zip(seen) {
            subject.expect_plugin(&seen_by(owner), &plugin, there).await;
            subject.expect_plugin(&only(owner), &plugin, false).await;
            let told = subject.plugins.visibility(&seen_by(owner), name).await.unwrap();
            assert_eq!(told, if there { visibility.clone() } else { Private });
        }
        subject.expect_plugin(&seen_by("ada"), &plugin, true).await;
        assert_eq!(subject.plugins.visibility(&Any, name).await.unwrap(), visibility);
        assert_eq!(subject.plugins.visibility(&only("ada"), name).await.unwrap(), visibility);
    }
}

/// Whoever sees it says nothing, and a scope counts here too.
pub async fn who_sees_a_plugin_is_for_its_owner_to_say(subject: &Subject) {
    let plugin = plugin_of("ada", "1.0.0");
    let name = &plugin.manifest.name;
    let missing = subject.plugins.set_visibility(&Any, name, Public).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    subject.plugins.add(plugin.clone(), None).await.unwrap();
    assert_eq!(subject.plugins.visibility(&Any, name).await.unwrap(), Private);
    let shared = shared_with(&["bob"]);
    subject.plugins.set_visibility(&only("ada"), name, shared.clone()).await.unwrap();
    let refused = subject.plugins.set_visibility(&only("bob"), name, Public).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    assert_eq!(subject.plugins.visibility(&Any, name).await.unwrap(), shared);
    let within = |name: &str| seen_by("bob").within(&Scope::Pipeline(name.parse().unwrap()));
    subject.expect_plugin(&within("heat"), &plugin, true).await;
    subject.expect_plugin(&within("beam"), &plugin, false).await;
}

/// Of one's own and of others, each once.
pub async fn lists_hold_what_is_shared_beside_ones_own(subject: &Subject) {
    let named = |owner: &str, name: &str| {
        let mut plugin = plugin_of(owner, "1.0.0");
        plugin.manifest.name = name.parse().unwrap();
        plugin
    };
    for (owner, name, visibility) in [
        ("ada", "a", shared_with(&["ada", "bob"])),
        ("ada", "b", Private),
        ("ada", "c", Public),
        ("bob", "d", Private),
    ] {
        let plugin = named(owner, name);
        subject.plugins.add(plugin.clone(), None).await.unwrap();
        subject.plugins.set_visibility(&only(owner), &plugin.manifest.name, visibility).await.unwrap();
    }
    for (owner, expected) in [("ada", &["a", "b", "c"][..]), ("bob", &["a", "c", "d"]), ("eve", &["c"])] {
        let listed = subject.plugins.list(&seen_by(owner)).await.unwrap();
        assert_eq!(listed.iter().map(|plugin| plugin.name.as_str()).collect::<Vec<_>>(), expected, "{owner}");
    }
}
