//! One check: a scope under a policy, to the last state.

use crate::bounds::Bounds;
use crate::laws::LAWS;
use crate::met::Situation;
use crate::till::{NOT_IN_VAIN, Step, Till};
use crate::world::World;
use cashier::policy::{LatePayment, Switch};
use stateright::{Checker, HasDiscoveries, Model, Path};
use std::fmt::Write;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every state that was made, those that were known included.
    pub generated: usize,
    /// How many different states there are.
    pub unique: usize,
    /// How long the longest way to a new state is.
    pub depth: usize,
    /// The property that does not hold, and a run that shows it.
    pub broken: Option<String>,
    /// How often each situation was met.
    pub met: Vec<(Situation, u64)>,
    /// What should have been met and was not.
    pub missed: Vec<Situation>,
}

/// The policies that a scope is checked under. What the two policies for late
/// payments differ in, only a channel that contradicts itself brings about.
pub fn policies(bounds: &Bounds) -> Vec<(Switch, LatePayment)> {
    let late: &[LatePayment] = match bounds.contradictions {
        0 => &[LatePayment::Refund],
        _ => &[LatePayment::Refund, LatePayment::Accept],
    };
    [Switch::Overlap, Switch::Strict]
        .into_iter()
        .flat_map(|switch| late.iter().map(move |late| (switch, *late)))
        .collect()
}

/// Goes through every state, on so many threads.
pub fn check(till: Till, threads: usize) -> Report {
    let checker = till
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    report(&checker)
}

/// As [`check`], breadth first: what is found is shown on the shortest way, and
/// it takes far more memory.
pub fn check_shortest(till: Till) -> Report {
    let checker = till
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    report(&checker)
}

fn report(checker: &impl Checker<Till>) -> Report {
    let till = checker.model();
    let found = checker.discoveries();
    let broken = found.into_iter().find(|(name, _)| *name != NOT_IN_VAIN);
    let met = Situation::ALL.iter().map(|s| (*s, till.met.count(*s)));
    // Without a contradiction no money is late: this is why one policy for
    // late payments is enough there.
    let late = [Situation::LateReturned, Situation::LateAccepted];
    let surprise = late.iter().any(|s| till.met.count(*s) > 0) && till.bounds.contradictions == 0;
    Report {
        generated: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        broken: match broken {
            Some((name, path)) => Some(story(name, path)),
            None => surprise.then(|| "money was late without a contradiction".to_owned()),
        },
        missed: met
            .clone()
            .filter(|(situation, count)| *count == 0 && till.expects(*situation))
            .map(|(situation, _)| situation)
            .collect(),
        met: met.collect(),
    }
}

/// A run, step by step, and what is wrong at its end.
fn story(name: &str, path: Path<World, Step>) -> String {
    let mut text = format!("not kept: {name}\n");
    let run = path.into_vec();
    let last = run.last().map(|(world, _)| world.clone());
    for (world, step) in run {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {world:?}");
        if let Some(step) = step {
            let _ = writeln!(text, "    {step:?}");
        }
    }
    if let Some(world) = last {
        for (law, _) in LAWS.iter().filter(|(_, kept)| !kept(&world)) {
            let _ = writeln!(text, "  broken: {law}");
        }
    }
    text
}
