//! Which channels a connection hears.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use simulay_signals::Topic;

use crate::keys::Keys;

/// The channels that a connection hears, by their names.
pub(crate) struct Channels {
    keys: Keys,
    heard: Mutex<HashMap<String, Topic>>,
}

/// What is to be asked of Redis.
#[derive(Default)]
pub(crate) struct Changes {
    /// Channels to hear from now on, and their topics.
    pub(crate) new: Vec<(String, Topic)>,
    /// Channels that nobody listens to any more.
    pub(crate) old: Vec<String>,
}

impl Channels {
    /// None yet.
    pub(crate) fn new(keys: Keys) -> Self {
        Self { keys, heard: Mutex::default() }
    }

    /// What a channel is about, when it is one of a topic.
    pub(crate) fn topic(&self, channel: &str) -> Option<Topic> {
        self.heard.lock().get(channel).cloned()
    }

    /// What is to change, for `wanted` to be heard. Taken as done.
    pub(crate) fn change(&self, wanted: HashSet<Topic>) -> Changes {
        let wanted: HashMap<String, Topic> =
            wanted.into_iter().map(|topic| (self.keys.topic(&topic), topic)).collect();
        let mut heard = self.heard.lock();
        let old = heard.keys().filter(|channel| !wanted.contains_key(*channel)).cloned().collect();
        let new = wanted.iter().filter(|(channel, _)| !heard.contains_key(*channel));
        let new = new.map(|(channel, topic)| (channel.clone(), topic.clone())).collect();
        *heard = wanted;
        Changes { new, old }
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::RunId;

    use super::*;

    #[test]
    fn only_what_changed_is_asked_for() {
        let channels = Channels::new(Keys::of("test"));
        let (one, two) = (Topic::Run(RunId::generate()), Topic::Run(RunId::generate()));
        let asked = |wanted: &[&Topic]| {
            let changes = channels.change(wanted.iter().copied().cloned().collect());
            (changes.new.into_iter().map(|(_, topic)| topic).collect::<HashSet<_>>(), changes.old)
        };
        assert_eq!(asked(&[&one, &Topic::Work]), (HashSet::from([one.clone(), Topic::Work]), vec![]));
        assert_eq!(asked(&[&one, &Topic::Work]), (HashSet::new(), vec![]));
        let name = Keys::of("test").topic(&one);
        assert_eq!(channels.topic(&name), Some(one));
        assert_eq!(asked(&[&two, &Topic::Work]), (HashSet::from([two]), vec![name.clone()]));
        assert_eq!(channels.topic(&name), None);
    }
}
