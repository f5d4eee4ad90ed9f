//! Many clients at once.

use std::thread;
use std::time::Instant;

use super::figures::Times;
use crate::process::joined;

/// Does `work` with the numbers below `count` on `clients` at once, each with a state of its own; how long each took.
pub(super) fn all_at_once<S>(
    clients: usize,
    count: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Times> {
    let client = |first: usize| {
        let (mut state, mut times) = (begin(), Times::default());
        for number in (first..count).step_by(clients) {
            let begun = Instant::now();
            work(&mut state, number)?;
            times.add(begun.elapsed());
        }
        anyhow::Ok(times)
    };
    thread::scope(|scope| {
        let client = &client;
        let working: Vec<_> = (0..clients).map(|first| scope.spawn(move || client(first))).collect();
        let mut times = Times::default();
        for client in working {
            times.extend(joined(client)?);
        }
        Ok(times)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_number_is_worked_on_once() {
        let seen = Mutex::new(BTreeSet::new());
        let times = all_at_once(
            3,
            10,
            || (),
            |(), number| {
                assert!(seen.lock().unwrap().insert(number), "{number} came twice");
                Ok(())
            },
        );
        assert_eq!((times.unwrap().count(), seen.into_inner().unwrap()), (10, (0..10).collect()));
    }
}
