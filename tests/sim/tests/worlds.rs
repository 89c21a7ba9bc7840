//! What the simulator promises about itself.

use till_sim::{Plan, run};

/// Seeds that once broke a formula.
const REGRESSIONS: &str = include_str!("../regressions.txt");

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [1, 7, 36_288] {
        let (first, second) = (
            run(seed, &Plan::draw(seed), true),
            run(seed, &Plan::draw(seed), true),
        );
        assert!(!first.lines.is_empty());
        assert_eq!(first.lines, second.lines);
        assert_eq!((first.hash, first.steps), (second.hash, second.steps));
        let quiet = run(seed, &Plan::draw(seed), false);
        assert_eq!(first.hash, quiet.hash, "keeping the lines changes nothing");
    }
}

#[test]
fn other_seeds_give_other_traces() {
    let hashes: std::collections::BTreeSet<u64> = (100..120)
        .map(|seed| run(seed, &Plan::draw(seed), false).hash)
        .collect();
    assert_eq!(hashes.len(), 20);
}

#[test]
fn what_once_broke_holds() {
    let seeds = REGRESSIONS.lines().filter_map(|line| {
        let seed = line.split('#').next()?.trim();
        (!seed.is_empty()).then(|| seed.parse::<u64>().unwrap())
    });
    for seed in seeds {
        let outcome = run(seed, &Plan::draw(seed), false);
        assert!(
            outcome.breaches.is_empty(),
            "seed {seed}: {:?}",
            outcome.breaches
        );
    }
}

#[test]
fn a_few_hundred_worlds_hold() {
    for seed in 0..300 {
        let outcome = run(seed, &Plan::draw(seed), false);
        assert!(
            outcome.breaches.is_empty(),
            "seed {seed}: {:?}",
            outcome.breaches
        );
    }
}
