//! By what equal calls are known, so that the result of one may be taken for another.
//!
//! A key has parts, each a digest of its own, so that it can be told what differs between two calls. What is hashed is
//! written with the length of everything before it: no two calls are written alike.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, EnumIter, IntoEnumIterator as _, IntoStaticStr};

use crate::digest::Hasher;
use crate::{AccountName, Digest, DigestError, Resources, RunId};

/// Raised when the host carries calls out in another way, so that what came of them before is not taken.
const CARRIED_OUT: u64 = 1;

/// A part of what a call is known by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    EnumIter,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KeyPart {
    /// The ID of the image, whatever it is called; `simulay-init` is in it.
    Image,
    /// The argument vector.
    Command,
    /// The environment, but for the seed.
    Environment,
    /// The seed, where the command is given one.
    Seed,
    /// Paths and bytes of the files.
    Files,
    /// Which files are kept.
    Outputs,
    /// Processor, memory and scratch space. Time is not in it: whatever came in time is the result.
    Resources,
    /// The contract of the plugin, and how the host carries calls out.
    Version,
}

impl KeyPart {
    /// The part as it is written, e.g. `environment`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A call as far as it decides what comes of it.
#[derive(Debug, Clone)]
pub struct KeyedCall<'a> {
    /// The ID of its image.
    pub image: &'a str,
    /// Argument vector.
    pub command: &'a [String],
    /// Environment, but for the seed.
    pub env: BTreeMap<&'a str, &'a str>,
    /// The seed, when it is given one; empty when it is to have none.
    pub seed: Option<&'a str>,
    /// Digests of its files, by path.
    pub files: BTreeMap<&'a str, Digest>,
    /// Patterns of the files to keep.
    pub outputs: &'a [String],
    /// Patterns of those that are not kept.
    pub excludes: &'a [String],
    /// Whether files that were left as they were are kept.
    pub keep_unchanged: bool,
    /// What it may use.
    pub resources: Resources,
    /// The version of the contract of its plugin.
    pub contract: &'a str,
}

/// By what a call is known: calls with equal keys are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallKey([Digest; KeyPart::COUNT]);

impl CallKey {
    /// The key of a call.
    #[must_use]
    pub fn of(call: &KeyedCall<'_>) -> Self {
        let mut parts = [Digest::of(b""); KeyPart::COUNT];
        for (place, part) in parts.iter_mut().zip(KeyPart::iter()) {
            *place = call.part(part);
        }
        Self(parts)
    }

    /// The address of the key: that of all its parts.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        self.0.iter().for_each(|part| hasher.update(part.as_bytes()));
        hasher.finish()
    }

    /// The parts in which another key is not the same.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<KeyPart> {
        let pairs = self.0.iter().zip(&other.0);
        KeyPart::iter().zip(pairs).filter(|(_, (this, that))| this != that).map(|(part, _)| part).collect()
    }
}

impl KeyedCall<'_> {
    fn part(&self, part: KeyPart) -> Digest {
        let mut written = Written::default();
        written.text(part.as_str());
        match part {
            KeyPart::Image => written.text(self.image),
            KeyPart::Command => written.texts(self.command),
            KeyPart::Environment => written.each(&self.env, |written, (name, value)| {
                written.text(name);
                written.text(value);
            }),
            KeyPart::Seed => written.each(self.seed, Written::text),
            KeyPart::Files => written.each(&self.files, |written, (path, digest)| {
                written.text(path);
                written.bytes(digest.as_bytes());
            }),
            KeyPart::Outputs => {
                written.texts(self.outputs);
                written.texts(self.excludes);
                written.number(self.keep_unchanged.into());
            }
            KeyPart::Resources => {
                let Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms: _ } = self.resources;
                for bound in [cpu_milli, memory_mib, scratch_mib] {
                    written.number(bound.into());
                }
            }
            KeyPart::Version => {
                written.number(CARRIED_OUT);
                written.text(self.contract);
            }
        }
        written.0.finish()
    }
}

/// What is hashed, each piece after its length.
#[derive(Default)]
struct Written(Hasher);

impl Written {
    fn number(&mut self, number: u64) {
        self.0.update(&number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.each(texts, |written, text| written.text(text));
    }

    fn each<T>(&mut self, all: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        let all: Vec<T> = all.into_iter().collect();
        self.number(all.len() as u64);
        all.into_iter().for_each(|one| write(self, one));
    }
}

impl fmt::Display for CallKey {
    /// The parts in their order, each as 64 digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| part.fmt(formatter))
    }
}

/// A string that is not the key of a call.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("the key of a call is {} lower-case hexadecimal digits", 64 * KeyPart::COUNT)]
pub struct CallKeyError;

impl FromStr for CallKey {
    type Err = CallKeyError;

    fn from_str(text: &str) -> Result<Self, CallKeyError> {
        let parts = text.as_bytes().chunks(64).map(|part| {
            let part = std::str::from_utf8(part).map_err(|_| CallKeyError)?;
            part.parse().map_err(|DigestError| CallKeyError)
        });
        let parts: Vec<Digest> = parts.collect::<Result<_, _>>()?;
        parts.try_into().map(Self).map_err(|_| CallKeyError)
    }
}

impl TryFrom<String> for CallKey {
    type Error = CallKeyError;

    fn try_from(text: String) -> Result<Self, CallKeyError> {
        text.parse()
    }
}

impl From<CallKey> for String {
    fn from(key: CallKey) -> Self {
        key.to_string()
    }
}

/// Where a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallPlace {
    /// Its run.
    pub run: RunId,
    /// Step, from 0.
    pub step: u32,
    /// Index in the step, from 0.
    pub index: u32,
}

/// A call whose result equal calls may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The digest of its key.
    pub key: Digest,
    /// Whose it is.
    pub owner: AccountName,
    /// Where it is.
    pub place: CallPlace,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// The key of a call that `change` made another.
    fn key(change: impl FnOnce(&mut KeyedCall<'_>)) -> CallKey {
        let (command, outputs, excludes) = (texts(&["octave-cli", "main.m"]), texts(&["*.csv"]), texts(&[]));
        let resources = Resources { cpu_milli: 500, memory_mib: 64, scratch_mib: 8, timeout_ms: 1000 };
        let mut call = KeyedCall {
            image: "sha256:1",
            command: &command,
            env: [("A", "1"), ("B", "2")].into(),
            seed: Some("7"),
            files: [("main.m", Digest::of(b"1;"))].into(),
            outputs: &outputs,
            excludes: &excludes,
            keep_unchanged: true,
            resources,
            contract: "0.1.0",
        };
        change(&mut call);
        CallKey::of(&call)
    }

    /// The parts in which a call that `change` made another differs.
    fn differing(change: impl FnOnce(&mut KeyedCall<'_>)) -> Vec<KeyPart> {
        let (this, that) = (key(|_| ()), key(change));
        assert_eq!(this == that, this.digest() == that.digest());
        this.differing(&that)
    }

    #[test]
    fn each_part_is_told_by_itself() {
        assert_eq!(differing(|_| ()), []);
        assert_eq!(differing(|call| call.image = "sha256:2"), [KeyPart::Image]);
        let (command, none) = (texts(&["octave-cli"]), texts(&[]));
        assert_eq!(differing(|call| call.command = Box::leak(command.into())), [KeyPart::Command]);
        assert_eq!(differing(|call| call.env.extend([("C", "")])), [KeyPart::Environment]);
        assert_eq!(differing(|call| call.seed = Some("8")), [KeyPart::Seed]);
        assert_eq!(differing(|call| call.seed = None), [KeyPart::Seed]);
        assert_eq!(differing(|call| call.files.extend([("x", Digest::of(b""))])), [KeyPart::Files]);
        assert_eq!(differing(|call| call.outputs = Box::leak(none.into())), [KeyPart::Outputs]);
        assert_eq!(differing(|call| call.keep_unchanged = false), [KeyPart::Outputs]);
        assert_eq!(differing(|call| call.resources.memory_mib = 65), [KeyPart::Resources]);
        assert_eq!(differing(|call| call.contract = "0.2.0"), [KeyPart::Version]);
        assert_eq!(
            differing(|call| {
                call.image = "";
                call.seed = None;
            }),
            [KeyPart::Image, KeyPart::Seed]
        );
    }

    #[test]
    fn time_decides_no_result() {
        assert_eq!(differing(|call| call.resources.timeout_ms = 1), []);
    }

    #[test]
    fn what_is_cut_elsewhere_is_another_call() {
        let cut = |command: &[&str]| {
            let command = texts(command);
            key(|call| call.command = Box::leak(command.into()))
        };
        assert_ne!(cut(&["ab", "c"]), cut(&["a", "bc"]));
        assert_ne!(cut(&["ab", ""]), cut(&["ab"]));
        let env = |pairs: &[(&'static str, &'static str)]| {
            let env = pairs.iter().copied().collect();
            key(|call| call.env = env)
        };
        assert_ne!(env(&[("A", "B"), ("C", "D")]), env(&[("A", "BCD")]));
        let patterns = |outputs: &[&str], excludes: &[&str]| {
            let (outputs, excludes) = (texts(outputs), texts(excludes));
            key(|call| {
                call.outputs = Box::leak(outputs.into());
                call.excludes = Box::leak(excludes.into());
            })
        };
        assert_ne!(patterns(&["a"], &["b"]), patterns(&["a", "b"], &[]));
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = key(|_| ());
        assert_eq!(key.to_string().parse(), Ok(key));
        for text in
            ["", "00", key.to_string().split_at(1).1, &format!("{key}00"), &key.to_string().to_uppercase()]
        {
            assert_eq!(text.parse::<CallKey>(), Err(CallKeyError), "{text}");
        }
        assert_eq!("ü".repeat(256).parse::<CallKey>(), Err(CallKeyError));
    }

    /// What is stored under a key is found by the next version, unless that says that it carries calls out in another
    /// way.
    #[test]
    fn a_key_stays_what_it_is() {
        assert_eq!(
            key(|_| ()).digest().to_string(),
            "4cc57a507a43bbf5480f792f5dafe8c65a9314e572191e8bad6e9590af2506fa"
        );
    }
}
