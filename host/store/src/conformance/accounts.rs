//! Accounts and their tokens.

use simulay_model::{Account, AccountName, Role, Scope, TOKEN_BYTES, Token, TokenId, TokenKind, TokenSecret};

use super::Subject;
use super::samples::now;
use crate::StoreError;

pub(super) fn account(name: &str, role: Role) -> Account {
    Account { name: name.parse().unwrap(), role, created_at: now(), revoked_at: None }
}

/// A token of `account` whose secret is made of `byte`.
pub(super) fn token(account: &AccountName, byte: u8) -> Token {
    Token {
        id: TokenId::generate(),
        kind: TokenKind::Api,
        parent: None,
        account: account.clone(),
        label: "the laptop of ada".to_owned(),
        sha256: TokenSecret::of([byte; TOKEN_BYTES]).sha256(),
        role: Some(Role::Runner),
        scope: Scope::Pipeline("heat".parse().unwrap()),
        created_at: now(),
        expires_at: Some(now()),
        revoked_at: None,
        last_used_at: None,
    }
}

/// By name, with what they may do.
pub async fn accounts_read_back(subject: &Subject) {
    let [bob, ada] = [account("bob", Role::Viewer), account("ada", Role::Admin)];
    for account in [&bob, &ada] {
        subject.accounts.add_account(account.clone()).await.unwrap();
    }
    assert_eq!(subject.accounts.accounts().await.unwrap(), [ada, bob.clone()]);
    let taken = subject.accounts.add_account(account("bob", Role::Admin)).await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    subject.accounts.set_role(&bob.name, Role::Author).await.unwrap();
    assert_eq!(subject.accounts.accounts().await.unwrap()[1], Account { role: Role::Author, ..bob.clone() });
    subject.accounts.set_revoked(&bob.name, Some(now())).await.unwrap();
    assert!(subject.accounts.accounts().await.unwrap()[1].revoked_at.is_some());
    subject.accounts.set_revoked(&bob.name, None).await.unwrap();
    assert_eq!(subject.accounts.accounts().await.unwrap()[1].revoked_at, None);
    assert_eq!(subject.accounts.account(&bob.name).await.unwrap().unwrap().role, Role::Author);
    assert_eq!(subject.accounts.account(&"eve".parse().unwrap()).await.unwrap(), None);
    let missing = subject.accounts.set_role(&"eve".parse().unwrap(), Role::Admin).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}

/// By its digest, with the account as it is by then.
pub async fn a_token_is_found_by_its_digest(subject: &Subject) {
    let ada = account("ada", Role::Viewer);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    let [one, two] = [1, 2].map(|byte| token(&ada.name, byte));
    subject.accounts.add_token(one.clone()).await.unwrap();
    assert_eq!(subject.accounts.token(one.sha256).await.unwrap(), Some((one.clone(), ada.clone())));
    assert_eq!(subject.accounts.token(two.sha256).await.unwrap(), None);
    subject.accounts.set_role(&ada.name, Role::Author).await.unwrap();
    let (_, found) = subject.accounts.token(one.sha256).await.unwrap().unwrap();
    assert_eq!(found.role, Role::Author);
    let nobodys = subject.accounts.add_token(token(&"eve".parse().unwrap(), 3)).await;
    assert!(matches!(nobodys, Err(StoreError::NotFound)), "{nobodys:?}");
}

/// Of one account, or of all.
pub async fn tokens_are_listed_from_the_oldest(subject: &Subject) {
    let [ada, bob] = ["ada", "bob"].map(|name| account(name, Role::Runner));
    let mut tokens = Vec::new();
    for (byte, account) in (1..).zip([&ada, &bob]) {
        subject.accounts.add_account(account.clone()).await.unwrap();
        tokens.push(token(&account.name, byte));
        subject.accounts.add_token(tokens[tokens.len() - 1].clone()).await.unwrap();
    }
    assert_eq!(subject.accounts.tokens(None).await.unwrap(), tokens);
    assert_eq!(subject.accounts.tokens(Some(&bob.name)).await.unwrap(), tokens[1..]);
    assert_eq!(subject.accounts.tokens(Some(&"eve".parse().unwrap())).await.unwrap(), []);
}

/// Once, and it stays so; when it was used is known.
pub async fn a_token_is_revoked(subject: &Subject) {
    let ada = account("ada", Role::Runner);
    subject.accounts.add_account(ada.clone()).await.unwrap();
    let token = token(&ada.name, 1);
    subject.accounts.add_token(token.clone()).await.unwrap();
    let (used, revoked) = (now(), now());
    subject.accounts.used(token.id, used).await.unwrap();
    subject.accounts.revoke(token.id, revoked).await.unwrap();
    subject.accounts.revoke(token.id, now()).await.unwrap();
    let expected = Token { last_used_at: Some(used), revoked_at: Some(revoked), ..token };
    assert_eq!(subject.accounts.tokens(None).await.unwrap(), [expected]);
    let missing = subject.accounts.revoke(TokenId::generate(), now()).await;
    assert!(matches!(missing, Err(StoreError::NotFound)), "{missing:?}");
}
