//! What is refused unless the operator accepts it by name.

use clap::ValueEnum;
use serde::Deserialize;

use crate::fault::Usage;

/// Something that is not safe, and works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum, strum::Display)]
#[serde(try_from = "String")]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Risk {
    /// Plugin code runs in processes that this machine does not confine.
    UnconfinedSandbox,
    /// Other machines reach a server that does not tell who asks.
    NoAccounts,
    /// Other machines reach the server in plain HTTP, where everyone on the way can read and change what is said.
    PlainHttp,
    /// Docker is reached over a network, where everyone can read and change what is said.
    PlainTcp,
    /// Docker does not filter the system calls of containers.
    UnfilteredContainers,
    /// Docker does not bound the memory, the processors or the processes of containers.
    UnboundedContainers,
}

impl TryFrom<String> for Risk {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = Self::value_variants();
        known.iter().find(|risk| risk.to_string() == text).copied().ok_or_else(|| {
            let names: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("`{text}` is none of: {}", names.join(", "))
        })
    }
}

impl Risk {
    /// How to go on nevertheless.
    pub(crate) fn how_to_accept(self) -> String {
        format!("or accept the risk: --accept-risk {self}, or accept_risks = [\"{self}\"] in the settings")
    }

    /// The refusal to work with this risk: what is wrong, each with what mends it.
    pub(crate) fn refusal(self, wrong: &[(String, String)]) -> Usage {
        let each = |(what, cure): &(String, String)| format!("{what}\n  -> {cure}\n");
        let told: String = wrong.iter().map(each).collect();
        Usage(format!("{told}{}", self.how_to_accept()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risk_has_one_name_wherever_it_is_written() {
        for risk in Risk::value_variants() {
            let written = risk.to_possible_value().unwrap().get_name().to_owned();
            assert_eq!(written, risk.to_string());
            let document: toml::Table = toml::from_str(&format!("risk = \"{risk}\"")).unwrap();
            assert_eq!(document["risk"].clone().try_into::<Risk>().unwrap(), *risk);
        }
    }

    #[test]
    fn a_refusal_names_what_is_wrong_its_cure_and_the_way_around() {
        let wrong = [("no walls".to_owned(), "build some".to_owned())];
        let said = Risk::UnconfinedSandbox.refusal(&wrong).to_string();
        for part in ["no walls", "-> build some", "--accept-risk unconfined-sandbox"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
