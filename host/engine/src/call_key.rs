//! By what a call is known: what is admitted, and not what the plugin wrote.

use std::collections::BTreeMap;

use semver::Version;
use simulay_containers::{Admitted, Content};
use simulay_model::{CallKey, Digest, KeyedCall};

/// The environment variable by which a command learns the seed of what it draws at random.
pub(crate) const SEED: &str = "SIM_SEED";

/// By what an admitted call of a plugin of a contract is known.
pub(crate) fn key(call: &Admitted, contract: &Version) -> CallKey {
    let (image, contract) = (call.image().to_string(), contract.to_string());
    let files = call.files().iter().map(|(path, content)| {
        let digest = match content {
            Content::Inline(bytes) => Digest::of(bytes),
            Content::Artifact(digest) => *digest,
        };
        (path.as_str(), digest)
    });
    let env = call.env().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut env: BTreeMap<_, _> = env.collect();
    CallKey::of(&KeyedCall {
        image: &image,
        command: call.command(),
        seed: env.remove(SEED),
        env,
        files: files.collect(),
        outputs: call.outputs(),
        excludes: call.excludes(),
        keep_unchanged: call.keeps_unchanged(),
        resources: call.resources(),
        contract: &contract,
    })
}
