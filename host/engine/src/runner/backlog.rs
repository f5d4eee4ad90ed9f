//! How many runs of each flow wait in this process, and of which the store has more. What waits is bounded by the
//! number of flows, however many runs there are: the others are found by looking, as soon as places are free.

use std::collections::HashMap;

use simulay_model::{AccountName, PluginName, UnfinishedRun};

/// The runs that wait, counted by flow.
pub(super) struct Backlogs {
    /// The most that wait of a flow.
    most: usize,
    flows: HashMap<FlowName, Backlog>,
}

type FlowName = (AccountName, PluginName);

/// What waits of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Backlog {
    waiting: usize,
    /// The store has more than wait here.
    more: bool,
    /// One was turned away since the last look began, which did not find it perhaps.
    turned_away: bool,
}

impl Backlogs {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), flows: HashMap::new() }
    }

    /// The most that wait of a flow.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// True when a run that was heard of may wait. While the store has more of its flow it may not: those are
    /// older.
    pub(super) fn admits(&mut self, run: &UnfinishedRun) -> bool {
        let most = self.most;
        let backlog = self.flows.entry(name(run)).or_default();
        let admitted = !backlog.more && backlog.waiting < most;
        if !admitted {
            (backlog.more, backlog.turned_away) = (true, true);
        }
        admitted
    }

    /// A run waits from now on.
    pub(super) fn come(&mut self, run: &UnfinishedRun) {
        self.flows.entry(name(run)).or_default().waiting += 1;
    }

    /// A run waits no longer. True when it is time to look for more of its flow.
    pub(super) fn go(&mut self, run: &UnfinishedRun) -> bool {
        let (name, most) = (name(run), self.most);
        let Some(backlog) = self.flows.get_mut(&name) else { return false };
        backlog.waiting = backlog.waiting.saturating_sub(1);
        if *backlog == Backlog::default() {
            self.flows.remove(&name);
            return false;
        }
        backlog.is_low(most)
    }

    /// A look begins: whoever is turned away from now on is not found by it perhaps.
    pub(super) fn look_begins(&mut self) {
        self.flows.values_mut().for_each(|backlog| backlog.turned_away = false);
    }

    /// A look found these, none of which has to be ended. True when it is time for another.
    pub(super) fn look_ended<'a>(&mut self, found: impl Iterator<Item = &'a UnfinishedRun>) -> bool {
        let mut counts = HashMap::<FlowName, usize>::new();
        found.for_each(|run| *counts.entry(name(run)).or_default() += 1);
        let most = self.most;
        self.flows.values_mut().for_each(|backlog| backlog.more = backlog.turned_away);
        for (flow, _) in counts.into_iter().filter(|(_, count)| *count >= most) {
            self.flows.entry(flow).or_default().more = true;
        }
        self.flows.retain(|_, backlog| *backlog != Backlog::default());
        self.flows.values().any(|backlog| backlog.turned_away && backlog.is_low(most))
    }
}

impl Backlog {
    /// Under half: the others last until more have come.
    const fn is_low(&self, most: usize) -> bool {
        self.more && self.waiting < most.div_ceil(2)
    }
}

fn name(run: &UnfinishedRun) -> FlowName {
    (run.owner.clone(), run.pipeline.clone())
}

#[cfg(test)]
mod tests {
    use simulay_model::RunId;

    use super::*;

    fn run(pipeline: &str) -> UnfinishedRun {
        UnfinishedRun {
            id: RunId::generate(),
            owner: "ada".parse().unwrap(),
            pipeline: pipeline.parse().unwrap(),
        }
    }

    /// Those of `runs` that were let in.
    fn hear(backlogs: &mut Backlogs, runs: &[UnfinishedRun]) -> usize {
        let admitted = runs.iter().filter(|run| {
            let admitted = backlogs.admits(run);
            if admitted {
                backlogs.come(run);
            }
            admitted
        });
        admitted.count()
    }

    #[test]
    fn each_flow_has_its_bound() {
        let mut backlogs = Backlogs::new(4);
        assert_eq!(hear(&mut backlogs, &vec![run("heat"); 10]), 4);
        assert_eq!(hear(&mut backlogs, &[run("beam")]), 1);
    }

    #[test]
    fn what_is_heard_of_waits_behind_what_is_older_in_the_store() {
        let mut backlogs = Backlogs::new(4);
        hear(&mut backlogs, &vec![run("heat"); 5]);
        backlogs.go(&run("heat"));
        assert_eq!(hear(&mut backlogs, &[run("heat")]), 0);
    }

    #[test]
    fn it_is_time_to_look_when_few_wait_of_a_flow_that_has_more() {
        let mut backlogs = Backlogs::new(4);
        hear(&mut backlogs, &vec![run("heat"); 5]);
        let told: Vec<bool> = (0..4).map(|_| backlogs.go(&run("heat"))).collect();
        assert_eq!(told, [false, false, true, true]);
        let mut all_are_here = Backlogs::new(4);
        hear(&mut all_are_here, &vec![run("heat"); 4]);
        assert!((0..4).all(|_| !all_are_here.go(&run("heat"))));
        assert!(all_are_here.flows.is_empty());
    }

    #[test]
    fn a_look_that_finds_as_many_as_may_wait_leaves_more_behind() {
        let mut backlogs = Backlogs::new(2);
        let found = [run("heat"), run("heat"), run("beam")];
        backlogs.look_begins();
        found.iter().for_each(|run| backlogs.come(run));
        assert!(!backlogs.look_ended(found.iter()));
        assert!(!backlogs.go(&run("beam")));
        assert!(!backlogs.go(&run("heat")) && backlogs.go(&run("heat")));
        backlogs.look_begins();
        assert!(!backlogs.look_ended([].iter()));
        assert!(backlogs.flows.is_empty(), "all were found");
    }

    #[test]
    fn whoever_is_turned_away_during_a_look_is_looked_for() {
        let mut backlogs = Backlogs::new(2);
        hear(&mut backlogs, &vec![run("heat"); 2]);
        backlogs.look_begins();
        hear(&mut backlogs, &[run("heat")]);
        (0..2).for_each(|_| {
            backlogs.go(&run("heat"));
        });
        assert!(backlogs.look_ended([].iter()));
        backlogs.look_begins();
        assert!(!backlogs.look_ended([].iter()));
    }
}
