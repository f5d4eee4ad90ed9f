//! Signing in: what a session may do, and until when.

use std::sync::Arc;
use std::time::Duration;

use simulay_containers::scripted::Scripted;
use simulay_engine::{AccountCredentials, NewToken, Password, Settings, SignInError};
use simulay_model::{AccountName, Role, Scope, SystemClock, TokenKind};
use simulay_sandbox::ScriptedSandbox;

use crate::house::{House, Stored, open};

fn over(stored: &Stored) -> House {
    House::over(stored, &Scripted::new(), Settings::default(), ScriptedSandbox::default())
}

#[tokio::test]
async fn a_session_may_do_what_its_token_may_and_ends_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let house = over(&open(directory.path()));
    let (accounts, sessions) = (&house.engine.accounts, &house.engine.sessions);
    let ada: AccountName = "ada".parse().unwrap();
    accounts.create(ada.clone(), Role::Operator).await.unwrap();
    let minute = Duration::from_secs(60);
    let new = NewToken {
        account: ada,
        label: String::new(),
        role: Some(Role::Viewer),
        scope: Scope::All,
        lifetime: Some(minute),
    };
    let (token, secret) = accounts.create_token(new).await.unwrap();
    let session = sessions.by_token(&secret, "test").await.unwrap();
    assert_eq!(session.principal.role, Role::Viewer);
    assert!(session.lifetime <= minute, "{:?}", session.lifetime);
    let known = accounts.authenticate(&session.secret, TokenKind::Session, "test").await.unwrap();
    assert_eq!(known, Some(session.principal));
    accounts.revoke(token.id).await.unwrap();
    assert_eq!(accounts.authenticate(&session.secret, TokenKind::Session, "test").await.unwrap(), None);
    let again = sessions.by_token(&secret, "test").await;
    assert!(matches!(again, Err(SignInError::Refused)), "{again:?}");
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old() {
    let directory = tempfile::tempdir().unwrap();
    let stored = open(directory.path());
    let house = over(&stored);
    let (accounts, sessions) = (&house.engine.accounts, &house.engine.sessions);
    let ada: AccountName = "ada".parse().unwrap();
    accounts.create(ada.clone(), Role::Runner).await.unwrap();
    let credentials = AccountCredentials::new(stored.0.clone(), Arc::new(SystemClock));
    let [old, new] = ["the old password", "the new password"].map(|it| Password::new(it.to_owned()).unwrap());
    credentials.set_password(&ada, old.clone()).await.unwrap();
    let session = sessions.by_password(&ada, old.clone(), "test").await.unwrap();
    credentials.set_password(&ada, new.clone()).await.unwrap();
    let refused = sessions.by_password(&ada, old, "test").await;
    assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
    assert_eq!(accounts.authenticate(&session.secret, TokenKind::Session, "test").await.unwrap(), None);
    sessions.by_password(&ada, new, "test").await.unwrap();
    let nowhere = sessions.authorize().await;
    assert!(matches!(nowhere, Err(SignInError::NoProvider)), "{nowhere:?}");
}
