//! Passwords, identities elsewhere, and sessions.

use jiff::SignedDuration;
use simulay_model::{Account, Identity, Role, Token, TokenId, TokenKind, TokenSecret};

use super::Subject;
use super::accounts::{account, token};
use super::samples::now;
use crate::{MAX_SESSIONS, StoreError};

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://login.example.org".to_owned(), subject: subject.to_owned() }
}

/// The session number `number` of `account`, still open.
fn session(account: &Account, number: u16) -> Token {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [0; 32];
    bytes[0] = high;
    bytes[1] = low;
    let expires_at = Some(now() + SignedDuration::from_hours(1));
    let sha256 = TokenSecret::of(bytes).sha256();
    Token { kind: TokenKind::Session, expires_at, sha256, ..token(&account.name, 0) }
}

/// A new password is the only one, and ends the sessions that came of the one before.
pub async fn a_password_is_replaced_and_ends_sessions(subject: &Subject) {
    let ada = account("ada", Role::Author);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    assert_eq!(subject.credentials.password(&ada.name).await.unwrap(), None);
    let (api, session) = (token(&ada.name, 1), session(&ada, 2));
    subject.accounts.add_token(api.clone()).await.unwrap();
    subject.credentials.open_session(session.clone(), None).await.unwrap();
    for hash in ["first", "second"] {
        subject.credentials.set_password(&ada.name, hash.to_owned(), now()).await.unwrap();
        assert_eq!(subject.credentials.password(&ada.name).await.unwrap().as_deref(), Some(hash));
    }
    let (ended, _) = subject.accounts.token(session.sha256).await.unwrap().unwrap();
    assert!(ended.revoked_at.is_some());
    assert_eq!(subject.accounts.token(api.sha256).await.unwrap(), Some((api, ada)));
    let nobody = "eve".parse().unwrap();
    let missing = subject.credentials.set_password(&nobody, "x".to_owned(), now()).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
    assert_eq!(subject.credentials.password(&nobody).await.unwrap(), None);
}

/// One identity is one account, and a name that is taken stays whose it is.
pub async fn an_identity_is_linked_to_one_account(subject: &Subject) {
    let [ada, bob] = ["ada", "bob"].map(|name| account(name, Role::Runner));
    assert_eq!(subject.credentials.linked(&identity("1")).await.unwrap(), None);
    subject.credentials.add_linked(ada.clone(), &identity("1")).await.unwrap();
    assert_eq!(subject.credentials.linked(&identity("1")).await.unwrap(), Some(ada.clone()));
    for (account, who) in [(&ada, "2"), (&bob, "1")] {
        let taken = subject.credentials.add_linked(account.clone(), &identity(who)).await;
        assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    }
    assert_eq!(subject.accounts.accounts().await.unwrap(), std::slice::from_ref(&ada), "all or nothing");
    subject.accounts.add_account(bob.clone()).await.unwrap();
    subject.credentials.link(&bob.name, &identity("1")).await.unwrap();
    assert_eq!(subject.credentials.linked(&identity("1")).await.unwrap(), Some(bob));
    let missing = subject.credentials.link(&"eve".parse().unwrap(), &identity("1")).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

/// Who revokes the token by which somebody signed in ends that session too, and no other.
pub async fn a_session_ends_with_the_token_it_came_of(subject: &Subject) {
    let ada = account("ada", Role::Runner);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    let shown = token(&ada.name, 1);
    let came_of_it = Token { parent: Some(shown.id), ..session(&ada, 2) };
    let other = session(&ada, 3);
    subject.accounts.add_token(shown.clone()).await.unwrap();
    for session in [&came_of_it, &other] {
        subject.credentials.open_session(session.clone(), None).await.unwrap();
    }
    subject.accounts.revoke(shown.id, now()).await.unwrap();
    let (ended, _) = subject.accounts.token(came_of_it.sha256).await.unwrap().unwrap();
    assert!(ended.revoked_at.is_some());
    assert_eq!(subject.accounts.token(other.sha256).await.unwrap(), Some((other, ada)));
}

/// Those that are over go with the next, and the oldest with one too many.
pub async fn sessions_are_bounded(subject: &Subject) {
    let ada = account("ada", Role::Runner);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    let over = Token { expires_at: Some(now() - SignedDuration::from_hours(1)), ..session(&ada, 0) };
    subject.credentials.open_session(over, None).await.unwrap();
    let mut sessions = Vec::new();
    for number in 1..=MAX_SESSIONS + 1 {
        sessions.push(session(&ada, number));
        subject.credentials.open_session(sessions[sessions.len() - 1].clone(), None).await.unwrap();
    }
    assert_eq!(subject.accounts.tokens(Some(&ada.name)).await.unwrap(), sessions[1..]);
}

/// Whoever was known a moment ago and is not any more opens none.
pub async fn a_session_opens_while_what_it_came_of_holds(subject: &Subject) {
    let ada = account("ada", Role::Runner);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    let shown = token(&ada.name, 1);
    subject.accounts.add_token(shown.clone()).await.unwrap();
    subject.credentials.set_password(&ada.name, "old".to_owned(), now()).await.unwrap();
    let [old, new] = ["old", "new"].map(|hash| Some(hash.to_owned()));
    let of_token = |number| Token { parent: Some(shown.id), ..session(&ada, number) };
    let open = async |session: Token, password: &Option<String>| {
        subject.credentials.open_session(session, password.clone()).await
    };
    open(session(&ada, 2), &old).await.unwrap();
    open(of_token(3), &None).await.unwrap();
    subject.credentials.set_password(&ada.name, "new".to_owned(), now()).await.unwrap();
    subject.accounts.revoke(shown.id, now()).await.unwrap();
    let nobodys = Token { parent: Some(TokenId::generate()), ..session(&ada, 6) };
    for (session, password) in [(session(&ada, 4), &old), (of_token(5), &None), (nobodys, &None)] {
        let refused = open(session, password).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    open(session(&ada, 7), &new).await.unwrap();
    subject.accounts.set_revoked(&ada.name, Some(now())).await.unwrap();
    assert!(matches!(open(session(&ada, 8), &new).await, Err(StoreError::NotFound)));
}
