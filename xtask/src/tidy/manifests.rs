//! Every crate obeys the workspace's lints.

use super::Violation;
use super::layers::Member;

/// Crates without `[lints] workspace = true`.
pub(super) fn check(members: &[Member]) -> Vec<Violation> {
    let rule = "lacks `[lints] workspace = true`";
    let without = members.iter().filter(|member| !inherits_lints(&member.manifest));
    without.map(|member| Violation::new(&member.name, rule)).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return false };
    let workspace = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    workspace.and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_with_its_own_lints_is_caught() {
        let member = |manifest: &str| Member { manifest: manifest.into(), ..Member::default() };
        assert!(check(&[member("[lints]\nworkspace = true")]).is_empty());
        for wrong in ["[package]", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"allow\"", "["]
        {
            assert_eq!(check(&[member(wrong)]).len(), 1, "{wrong}");
        }
    }
}
