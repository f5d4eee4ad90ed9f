//! What is recorded, and what came of it.

use strum::{Display, EnumString, IntoStaticStr, VariantNames};

/// What was asked for. Records hold the name: those of a newer version are read as well.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum AuditAction {
    /// The server started; the subject is its version.
    ServerStarted,
    /// Somebody signed in.
    SignIn,
    /// Somebody signed out.
    SignOut,
    /// An account was made.
    AccountCreated,
    /// What an account may do was changed.
    RoleChanged,
    /// An account was given a password.
    PasswordSet,
    /// An account was linked to whoever a provider of identities knows.
    AccountLinked,
    /// Nobody is known as an account any more.
    AccountRevoked,
    /// An account is known again.
    AccountRestored,
    /// What an account may use was changed.
    QuotaChanged,
    /// A token was made.
    TokenCreated,
    /// A token was revoked.
    TokenRevoked,
    /// A version of a plugin was uploaded.
    PluginUploaded,
    /// What a version of a plugin asks for was granted.
    PluginApproved,
    /// A version of a plugin was made to take runs.
    PluginActivated,
    /// A version of a plugin was made to take no more runs.
    PluginRetired,
    /// A pipeline was given back to the version before.
    PluginRolledBack,
    /// What keeps the calls of a version of a plugin from each other was changed.
    PluginIsolationChanged,
    /// Who sees a plugin was changed.
    PluginVisibilityChanged,
    /// A run was asked for.
    RunCreated,
    /// What people call a run and sort it by was changed.
    RunDescribed,
    /// The end of a run was asked for.
    RunCancelled,
    /// A sweep was asked for.
    SweepCreated,
    /// The end of a sweep was asked for.
    SweepCancelled,
    /// Another run of each failed point of a sweep was asked for.
    SweepRetried,
    /// More points of a sweep were asked for.
    SweepExtended,
    /// Inputs were uploaded.
    InputUploaded,
    /// Something that has no action of its own here was changed; the detail tells the route.
    Changed,
    /// A request was turned away: nobody was known, or his role or his page does not allow it.
    Denied,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuditResult {
    /// It was done.
    Done,
    /// It was refused, with a problem of this kind.
    Refused(String),
    /// It may be done or not: whoever asked went before he was answered, or, with a problem of this kind, it broke off.
    Unknown(Option<String>),
}

impl AuditResult {
    /// The result as records tell it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The kind of the problem.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Refused(kind) => Some(kind),
            Self::Unknown(kind) => kind.as_deref(),
            Self::Done => None,
        }
    }
}
