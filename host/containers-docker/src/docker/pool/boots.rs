//! Which commands of a class are worth to be started ahead, by what calls asked for lately. Pure.

use std::sync::Arc;

use simulay_init::frames::BootSpec;

/// What is left of the weight of a command after another call.
const DECAY: f64 = 0.9;
/// More than one call lately: what was asked for once may never come again.
const WORTH: f64 = 1.5;
/// Commands that are remembered; the one that was asked for least goes first.
const MOST: usize = 16;

/// The commands that calls of a class asked for.
#[derive(Debug, Default)]
pub(super) struct Boots {
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    boot: Arc<BootSpec>,
    weight: f64,
    /// It cannot be started ahead.
    refused: bool,
}

impl Boots {
    /// A call asked for `boot`.
    pub(super) fn ask(&mut self, boot: &Arc<BootSpec>) {
        self.asked.iter_mut().for_each(|asked| asked.weight *= DECAY);
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.boot == *boot) {
            asked.weight += 1.0;
            return;
        }
        self.asked.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        self.asked.truncate(MOST - 1);
        self.asked.push(Asked { boot: boot.clone(), weight: 1.0, refused: false });
    }

    /// `boot` did not get to where it waits, or would not.
    pub(super) fn refuse(&mut self, boot: &BootSpec) {
        let refused = self.asked.iter_mut().filter(|asked| *asked.boot == *boot);
        refused.for_each(|asked| asked.refused = true);
    }

    /// Which one the next container shall have when `there` are those of the others: the one of which most calls go
    /// without.
    pub(super) fn choose(&self, there: &[Option<Arc<BootSpec>>]) -> Option<Arc<BootSpec>> {
        let short = |asked: &Asked| {
            let ones = there.iter().flatten().filter(|boot| **boot == asked.boot).count();
            asked.weight / (1.0 + u32::try_from(ones).map_or(f64::INFINITY, f64::from))
        };
        let worth = self.asked.iter().filter(|asked| !asked.refused && asked.weight > WORTH);
        worth.max_by(|one, other| short(one).total_cmp(&short(other))).map(|asked| asked.boot.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(name: &str) -> Arc<BootSpec> {
        Arc::new(BootSpec { command: vec![name.to_owned()], env: Vec::new() })
    }

    fn asked(names: &[&str]) -> Boots {
        let mut boots = Boots::default();
        names.iter().for_each(|name| boots.ask(&boot(name)));
        boots
    }

    #[test]
    fn what_is_asked_for_again_is_worth_it() {
        assert_eq!(asked(&["a"]).choose(&[]), None);
        assert_eq!(asked(&["a", "a"]).choose(&[]), Some(boot("a")));
        assert_eq!(asked(&["a", "b", "a", "c"]).choose(&[None]), Some(boot("a")));
    }

    #[test]
    fn each_gets_its_share() {
        let boots = asked(&["a", "b", "a", "b", "a"]);
        assert_eq!(boots.choose(&[]), Some(boot("a")));
        assert_eq!(boots.choose(&[Some(boot("a"))]), Some(boot("b")));
        assert_eq!(boots.choose(&[Some(boot("a")), Some(boot("b"))]), Some(boot("a")));
    }

    #[test]
    fn what_cannot_be_started_ahead_is_not_tried_again() {
        let mut boots = asked(&["a", "a", "a", "b", "b"]);
        boots.refuse(&boot("a"));
        boots.ask(&boot("a"));
        assert_eq!(boots.choose(&[]), Some(boot("b")));
        boots.refuse(&boot("b"));
        assert_eq!(boots.choose(&[]), None);
    }

    #[test]
    fn however_many_commands_come_few_are_remembered() {
        let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let mut boots = asked(&["a", "a", "a"]);
        names.iter().for_each(|name| {
            boots.ask(&boot(name));
            boots.ask(&boot("a"));
        });
        assert_eq!(boots.asked.len(), MOST);
        assert_eq!(boots.choose(&[]), Some(boot("a")));
    }
}
