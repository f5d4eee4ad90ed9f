//! A provider that tests tell what to say.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::{Authorization, Challenge, Claims, IdentityError, IdentityProvider};

/// Knows everybody who was announced, by the code that he comes back with; takes each code once, from the browser
/// that began.
#[derive(Default)]
pub struct ScriptedProvider {
    known: Mutex<HashMap<String, Claims>>,
    begun: Mutex<Vec<Challenge>>,
}

impl ScriptedProvider {
    /// Who comes back with `code` is the one whom `claims` describe.
    pub fn announce(&self, code: &str, claims: Claims) {
        self.known.lock().insert(code.to_owned(), claims);
    }
}

#[async_trait]
impl IdentityProvider for ScriptedProvider {
    async fn authorize(&self) -> Result<Authorization, IdentityError> {
        let mut begun = self.begun.lock();
        let number = begun.len();
        let [state, nonce, verifier] = ["state", "nonce", "verifier"].map(|what| format!("{what}-{number}"));
        let url = format!("https://login.example.org/authorize?state={state}&nonce={nonce}");
        let challenge = Challenge { state, nonce, verifier };
        begun.push(challenge.clone());
        Ok(Authorization { url, challenge })
    }

    async fn redeem(&self, code: &str, challenge: &Challenge) -> Result<Claims, IdentityError> {
        let invalid = |why: &str| IdentityError::Invalid(why.into());
        if !self.begun.lock().contains(challenge) {
            return Err(invalid("another browser began"));
        }
        self.known.lock().remove(code).ok_or_else(|| invalid("no such code"))
    }
}
