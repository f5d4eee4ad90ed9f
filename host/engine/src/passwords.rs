//! Passwords: hashed with Argon2id (RFC 9106), few at once, since each takes 19 MiB and a processor for a while.

use std::fmt;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::EngineError;

/// The shortest password, characters.
const SHORTEST: usize = 12;
/// The longest, bytes.
const LONGEST: usize = 256;
/// Bytes of chance in a hash.
const SALT: usize = 16;
/// Hashes that are computed at once.
const AT_ONCE: usize = 2;
/// Those that are computed or wait for it.
const ASKED: usize = 32;

/// A password, as somebody typed it. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// A text that is no password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a password has at least {SHORTEST} characters and at most {LONGEST} bytes")]
pub struct PasswordRule;

impl Password {
    /// A password of these characters.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn new(text: String) -> Result<Self, PasswordRule> {
        let fits = text.chars().count() >= SHORTEST && text.len() <= LONGEST;
        if fits { Ok(Self(text)) } else { Err(PasswordRule) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// Why a password is not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many others are.
    #[error("the server checks as many passwords as it can; try again later")]
    Busy,
    /// It cannot be.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A machine that gives no chance, or a hash that is none.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the machine gives no random numbers")]
    Entropy(#[from] getrandom::Error),
    #[error("the password cannot be hashed: {0}")]
    Hashing(argon2::password_hash::Error),
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passwords {
    asked: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

/// The right to compute a hash.
struct Permits {
    _asked: OwnedSemaphorePermit,
    _at_once: OwnedSemaphorePermit,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { asked: Arc::new(Semaphore::new(ASKED)), at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The PHC string of a password.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, HashingError> {
        let hashed = self.compute(move || hash(&password)).await?;
        Ok(hashed.map_err(EngineError::broken)?)
    }

    /// True when `phc` is the hash of `password`. Without any it takes as long, and is false: how long it took does
    /// not tell whether there is an account.
    pub(crate) async fn is_right(
        &self,
        password: Password,
        phc: Option<String>,
    ) -> Result<bool, HashingError> {
        self.compute(move || match phc {
            Some(phc) => verify(&password, &phc),
            None => {
                verify(&password, decoy());
                false
            }
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let permits = self.permits().await?;
        let computed = tokio::task::spawn_blocking(move || {
            let _permits = permits;
            work()
        });
        Ok(computed.await.map_err(EngineError::broken)?)
    }

    async fn permits(&self) -> Result<Permits, HashingError> {
        let asked = self.asked.clone().try_acquire_owned().map_err(|_| HashingError::Busy)?;
        let at_once = self.at_once.clone().acquire_owned().await.map_err(|_| HashingError::Busy)?;
        Ok(Permits { _asked: asked, _at_once: at_once })
    }
}

fn hash(password: &Password) -> Result<String, Broken> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt)?;
    let hashed = Argon2::default().hash_password_with_salt(password.0.as_bytes(), &salt);
    Ok(hashed.map_err(Broken::Hashing)?.to_string())
}

fn verify(password: &Password, phc: &str) -> bool {
    let hash = PasswordHash::new(phc);
    hash.is_ok_and(|hash| Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok())
}

/// The hash of no password.
fn decoy() -> &'static str {
    static DECOY: OnceLock<String> = OnceLock::new();
    DECOY.get_or_init(|| hash(&Password("nobody has this password".to_owned())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_right_or_it_is_not() {
        let passwords = Passwords::default();
        let [one, two] = ["correct horse", "battery staple"].map(password);
        let phc = passwords.hash(one.clone()).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_ne!(passwords.hash(one.clone()).await.unwrap(), phc, "each has a salt of its own");
        assert!(passwords.is_right(one.clone(), Some(phc.clone())).await.unwrap());
        assert!(!passwords.is_right(two, Some(phc)).await.unwrap());
        for none in [None, Some("nonsense".to_owned())] {
            assert!(!passwords.is_right(one.clone(), none).await.unwrap());
        }
        assert!(!passwords.is_right(password("nobody has this password"), None).await.unwrap());
    }

    #[test]
    fn passwords_have_a_length_and_are_not_told_by_accident() {
        for text in ["", "eleven char", &"x".repeat(LONGEST + 1)] {
            assert_eq!(Password::new(text.to_owned()), Err(PasswordRule), "{text}");
        }
        assert_eq!(format!("{:?}", password("correct horse")), "Password(…)");
    }

    #[tokio::test]
    async fn no_more_wait_than_may() {
        let passwords = Passwords::default();
        let held: Vec<_> = (0..ASKED).map(|_| passwords.asked.clone().try_acquire_owned().unwrap()).collect();
        let refused = passwords.hash(password("correct horse")).await;
        assert!(matches!(refused, Err(HashingError::Busy)), "{refused:?}");
        drop(held);
        passwords.hash(password("correct horse")).await.unwrap();
    }
}
