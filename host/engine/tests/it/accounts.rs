//! Who may ask.

use std::sync::Arc;
use std::time::Duration;

use simulay_engine::{AccountError, Accounts, EngineError, NewToken};
use simulay_model::{ManualClock, Principal, Role, Scope, TOKEN_BYTES, TokenKind, TokenSecret};
use simulay_store::{MemoryStore, StoreError};

/// What was found is believed no longer.
const MOMENT: Duration = Duration::from_secs(1);

fn accounts() -> (Accounts, Arc<ManualClock>) {
    let clock = Arc::<ManualClock>::default();
    (Accounts::new(Arc::new(MemoryStore::new(clock.clone())), clock.clone()), clock)
}

fn token_of(account: &str) -> NewToken {
    NewToken {
        account: account.parse().unwrap(),
        label: "laptop".to_owned(),
        role: None,
        scope: Scope::All,
        lifetime: None,
    }
}

async fn who(accounts: &Accounts, secret: &TokenSecret) -> Option<Principal> {
    accounts.authenticate(secret, TokenKind::Api, "test").await.unwrap()
}

#[tokio::test]
async fn a_bearer_is_known_by_the_secret_alone() {
    let (accounts, _) = accounts();
    accounts.create("ada".parse().unwrap(), Role::Author).await.unwrap();
    let (token, secret) = accounts.create_token(token_of("ada")).await.unwrap();
    let principal = who(&accounts, &secret).await.unwrap();
    assert_eq!((principal.account.as_str(), principal.role), ("ada", Role::Author));
    assert_eq!(who(&accounts, &TokenSecret::of([0; TOKEN_BYTES])).await, None);
    assert!(!format!("{token:?}").contains(secret.reveal()), "what is stored tells the secret");
    let (_, other) = accounts.create_token(token_of("ada")).await.unwrap();
    assert_ne!(secret, other);
    assert!(accounts.tokens(None).await.unwrap()[0].last_used_at.is_some());
}

#[tokio::test]
async fn a_token_may_do_less_than_its_account_and_never_more() {
    let (accounts, _) = accounts();
    accounts.create("ada".parse().unwrap(), Role::Runner).await.unwrap();
    for (most, role) in [(Role::Viewer, Role::Viewer), (Role::Admin, Role::Runner)] {
        let new = NewToken { role: Some(most), ..token_of("ada") };
        let (_, secret) = accounts.create_token(new).await.unwrap();
        assert_eq!(who(&accounts, &secret).await.unwrap().role, role);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_refused() {
    let (accounts, clock) = accounts();
    accounts.create("ada".parse().unwrap(), Role::Runner).await.unwrap();
    let hour = Duration::from_secs(3600);
    let new = NewToken { lifetime: Some(hour), ..token_of("ada") };
    let (_, expiring) = accounts.create_token(new).await.unwrap();
    assert!(who(&accounts, &expiring).await.is_some());
    clock.advance(hour);
    assert_eq!(who(&accounts, &expiring).await, None, "whatever was believed a moment ago");
    let (token, secret) = accounts.create_token(token_of("ada")).await.unwrap();
    assert!(who(&accounts, &secret).await.is_some());
    accounts.revoke(token.id).await.unwrap();
    tokio::time::advance(MOMENT).await;
    assert_eq!(who(&accounts, &secret).await, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told() {
    let (accounts, _) = accounts();
    let nobodys = accounts.create_token(token_of("ada")).await;
    assert!(
        matches!(nobodys, Err(AccountError::Engine(EngineError::Records(StoreError::NotFound)))),
        "{nobodys:?}"
    );
    accounts.create("ada".parse().unwrap(), Role::Runner).await.unwrap();
    for label in ["x".repeat(129), "a\nb".to_owned()] {
        let refused = accounts.create_token(NewToken { label, ..token_of("ada") }).await;
        assert!(matches!(refused, Err(AccountError::Label)), "{refused:?}");
    }
    let endless = NewToken { lifetime: Some(Duration::MAX), ..token_of("ada") };
    let refused = accounts.create_token(endless).await;
    assert!(matches!(refused, Err(AccountError::Lifetime)), "{refused:?}");
    let again = accounts.create("ada".parse().unwrap(), Role::Admin).await;
    assert!(
        matches!(again, Err(AccountError::Engine(EngineError::Records(StoreError::NameTaken)))),
        "{again:?}"
    );
}
