//! Gives the calls that wait their places.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{Outcome, Place, State, Waiting};
use crate::ContainerError;
use crate::nodes::board::node::Node;
use crate::nodes::board::{Asking, Call};
use crate::nodes::{Candidate, Choice, Need, choose};

/// Calls that wait.
impl State {
    pub(in crate::nodes::board) fn queue(&mut self, asking: Asking, call: Call) {
        self.waiting.push(Waiting { ticket: self.next_ticket, is_new: true, asking, call });
        self.next_ticket += 1;
    }

    /// Answers the calls that can be answered by now, oldest first. Not before all nodes were asked: the first
    /// one to answer would get them all.
    pub(in crate::nodes::board) fn call(&mut self, now: Instant) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        if !self.looked {
            self.looked = self.discovered && self.nodes.values().all(|node| node.asked);
        }
        // Nobody waits for ever for who tells which nodes there are.
        let untold = !self.discovered && now.saturating_duration_since(self.since) >= self.settings.absence;
        if !self.looked && !untold {
            return outcomes;
        }
        let (freed, due) = (std::mem::take(&mut self.freed), self.is_due(now));
        for mut waiting in std::mem::take(&mut self.waiting) {
            let whole = std::mem::take(&mut waiting.is_new) || due;
            let outcome = match waiting.call.is_closed() {
                true => None,
                false if whole => self.place(&waiting, now),
                false => self.place_on(&freed, &waiting).map(Ok),
            };
            match outcome {
                None if !waiting.call.is_closed() => self.waiting.push(waiting),
                outcome => {
                    self.unclaim(waiting.ticket);
                    outcomes.extend(outcome.map(|outcome| Outcome { call: waiting.call, outcome }));
                }
            }
        }
        outcomes
    }

    /// True when every node is to be considered for every call that waits. In between, many nodes tell how they are,
    /// and each is considered alone.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_over = |at| now.saturating_duration_since(at) >= self.settings.refresh;
        let due = self.considered.is_none_or(is_over);
        if due {
            self.considered = Some(now);
        }
        due
    }

    /// A seat for the call on one of the nodes at `addresses`.
    fn place_on(&mut self, addresses: &BTreeSet<String>, waiting: &Waiting) -> Option<Place> {
        let among = addresses.iter().filter_map(|address| self.nodes.get_key_value(address));
        match self.choose(waiting, among) {
            (Choice::Node(_), Some(address)) => self.seat(&waiting.asking, &address),
            _ => None,
        }
    }

    /// Where the call goes `among` these nodes, or why nowhere.
    fn choose<'a>(
        &self,
        Waiting { ticket, asking, .. }: &Waiting,
        among: impl Iterator<Item = (&'a String, &'a Node)>,
    ) -> (Choice, Option<String>) {
        let step = (asking.name.run, asking.name.step);
        let need = Need { demand: asking.demand, image_name: &asking.image_name, image: asking.image };
        let (addresses, candidates): (Vec<_>, Vec<Candidate<'_>>) =
            among.map(|(address, node)| (address, node.candidate(*ticket, step))).unzip();
        #[cfg(test)]
        self.candidates.set(self.candidates.get() + candidates.len());
        let choice = choose(need, &candidates);
        let address = match choice {
            Choice::Node(index) => addresses.get(index).map(|address| (*address).clone()),
            _ => None,
        };
        (choice, address)
    }

    /// A seat for the call, or why there is none; nothing when it goes on waiting.
    fn place(&mut self, waiting: &Waiting, now: Instant) -> Option<Result<Place, ContainerError>> {
        let Waiting { ticket, asking, .. } = waiting;
        let waited = now.saturating_duration_since(asking.since);
        match self.choose(waiting, self.nodes.iter()) {
            (Choice::Node(_), address) => return self.seat(asking, &address?).map(Ok),
            (Choice::NoRoom, _) if waited >= self.settings.room => {
                return Some(Err(ContainerError::NoRoom(self.fullness(asking, waited))));
            }
            (Choice::NoRoom, _) if waited >= self.settings.patience => self.claim(*ticket, asking),
            (Choice::ImageMissing(nodes), _) => {
                let (image, id) = (asking.image_name.clone(), asking.image.to_string());
                return Some(Err(ContainerError::ImageUnavailable { image, id, nodes }));
            }
            (Choice::Silent(_), _) if waited >= self.settings.absence && !self.discovered => {
                let message = "nobody could tell yet which nodes there are";
                return Some(Err(ContainerError::NoRoom(message.to_owned())));
            }
            (Choice::Silent(_), _) if waited >= self.settings.absence && self.is_silent_for_long(now) => {
                return Some(Err(self.silence()));
            }
            (Choice::NoRoom | Choice::Silent(_), _) => {}
        }
        None
    }

    /// A node that missed one answer is waited for.
    fn is_silent_for_long(&self, now: Instant) -> bool {
        self.nodes.values().all(|node| node.is_here() || node.silence(now) >= self.settings.absence)
    }

    fn fullness(&self, asking: &Asking, waited: Duration) -> String {
        let has = self.nodes.values().filter(|node| node.status.has(&asking.image_name, asking.image));
        let told = |node: &Node| {
            let why = if node.takes_calls() { "full" } else { "takes no calls" };
            format!("{} ({why})", node.status.name)
        };
        let nodes: Vec<String> = has.map(told).collect();
        format!("none within {} s on the nodes that have its image: {}", waited.as_secs(), nodes.join(", "))
    }

    /// Keeps the next room of a node for a call that others have overtaken for long.
    fn claim(&mut self, ticket: u64, asking: &Asking) {
        let has = |node: &Node| node.takes_calls() && node.status.has(&asking.image_name, asking.image);
        if self.nodes.values().any(|node| node.claimed == Some(ticket) && has(node)) {
            return;
        }
        self.unclaim(ticket);
        let free = self.nodes.values_mut().filter(|node| node.claimed.is_none() && has(node));
        let least = free.min_by_key(|node| node.load().share_of(node.status.capacity));
        if let Some(node) = least {
            node.claimed = Some(ticket);
        }
    }

    fn unclaim(&mut self, ticket: u64) {
        for (address, node) in self.nodes.iter_mut().filter(|(_, node)| node.claimed == Some(ticket)) {
            node.claimed = None;
            self.freed.insert(address.clone());
        }
    }
}
