//! Checks of the processes that plugin code runs in.

use simulay_sandbox_wasm::Restriction;

use super::{Check, State};
use crate::compose;
use crate::configuration::Settings;
use crate::risks::Risk;

const NAME: &str = "sandbox";

/// One check per restriction that this machine refuses, or one that says all is well.
pub(super) async fn checks(settings: &Settings) -> Vec<Check> {
    match compose::confinement().await {
        Ok(restrictions) => judge(&restrictions, settings.accepts(Risk::UnconfinedSandbox)),
        Err(error) => {
            let cure = "look whether this user may start more processes";
            vec![Check::bad(NAME, State::Fail, format!("no worker starts: {error:#}"), cure)]
        }
    }
}

fn judge(restrictions: &[Restriction], accepted: bool) -> Vec<Check> {
    let (refused, taken): (Vec<_>, Vec<_>) =
        restrictions.iter().partition(|restriction| restriction.refused.is_some());
    let names: Vec<&str> = taken.iter().map(|restriction| restriction.name.as_str()).collect();
    let mut checks = vec![Check::ok(NAME, format!("plugins run with {}", names.join(", ")))];
    checks.extend(refused.into_iter().map(|restriction| missing(restriction, accepted)));
    checks
}

fn missing(restriction: &Restriction, accepted: bool) -> Check {
    let why = restriction.refused.as_deref().unwrap_or_default();
    let message = format!("plugins run without {}: {why}", restriction.name);
    if restriction.redundant {
        return Check::ok(NAME, format!("{message}; the other measures stand in for it"));
    }
    Check::risky(NAME, (Risk::UnconfinedSandbox, accepted), message, &restriction.cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restriction(name: &str, refused: Option<&str>) -> Restriction {
        let refused = refused.map(ToOwned::to_owned);
        Restriction { name: name.to_owned(), refused, cure: "mend it".to_owned(), redundant: false }
    }

    #[test]
    fn what_is_missing_is_told_with_its_cure() {
        let landlock = Restriction { redundant: true, ..restriction("rules (Landlock)", Some("old")) };
        let restrictions = [restriction("a", None), restriction("b", Some("no")), landlock];
        let states = |accepted| -> Vec<State> {
            judge(&restrictions, accepted).iter().map(|check| check.state).collect()
        };
        assert_eq!(states(false), [State::Ok, State::Fail, State::Ok]);
        assert_eq!(states(true), [State::Ok, State::Warn, State::Ok]);
        let checks = judge(&restrictions, false);
        let cure = checks[1].cure.as_deref().unwrap();
        assert!(cure.starts_with("mend it; ") && cure.contains("--accept-risk unconfined-sandbox"), "{cure}");
        assert_eq!(checks[0].message, "plugins run with a");
        assert_eq!(checks[1].message, "plugins run without b: no");
    }
}
