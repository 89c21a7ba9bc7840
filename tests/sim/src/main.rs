//! `till-sim`: runs seeds, shows one, makes a failing one smaller.

use clap::Parser;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use till_sim::{Met, Plan, run, shrink};

/// How many failing seeds end a run: a handful says as much as a thousand.
const ENOUGH: usize = 20;

impl Options {
    fn enough(&self) -> usize {
        if self.until_broken { 1 } else { ENOUGH }
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "till-sim",
    about = "Whole lives of orders under faults, from a seed"
)]
struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds run at the same time
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Run this seed alone, and show its trace
    #[arg(long)]
    seed: Option<u64>,
    /// With --seed: leave out the faults that its failure does not need
    #[arg(long)]
    shrink: bool,
    /// Do not fail when a situation was never met
    #[arg(long)]
    few: bool,
    /// End at the first seed that fails
    #[arg(long)]
    until_broken: bool,
    /// What the seeds are run against: the commit, to be printed with a failing seed
    #[arg(long, default_value = "")]
    commit: String,
}

#[derive(Default)]
struct Tally {
    met: BTreeMap<Met, u64>,
    failed: Vec<(u64, String)>,
    steps: u64,
    hash: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut out = io::stdout().lock();
    let done = match options.seed {
        Some(seed) => show(&mut out, seed, &options),
        None => sweep(&mut out, &options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// One seed with its trace.
fn show(out: &mut impl Write, seed: u64, options: &Options) -> io::Result<bool> {
    let mut plan = Plan::draw(seed);
    if options.shrink {
        let (smallest, spared) = shrink(seed, &plan);
        writeln!(out, "not needed: {}", spared.join(" "))?;
        plan = smallest;
    }
    let outcome = run(seed, &plan, true);
    for line in &outcome.lines {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{plan:?}")?;
    writeln!(
        out,
        "seed={seed} commit={} steps={} trace={:016x}",
        options.commit, outcome.steps, outcome.hash
    )?;
    for (_, breach) in &outcome.breaches {
        writeln!(out, "{breach}")?;
    }
    Ok(outcome.breaches.is_empty())
}

/// Many seeds, side by side.
fn sweep(out: &mut impl Write, options: &Options) -> io::Result<bool> {
    let next = AtomicU64::new(options.from);
    let end = options.from.saturating_add(options.seeds);
    let (tally, enough) = (Mutex::new(Tally::default()), AtomicBool::new(false));
    std::panic::set_hook(Box::new(|_| {}));
    thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = run(seed, &Plan::draw(seed), false);
                    let Ok(mut tally) = tally.lock() else { break };
                    tally.steps += outcome.steps;
                    // The sum does not depend on which thread was faster.
                    tally.hash = tally.hash.wrapping_add(outcome.hash);
                    for (met, count) in outcome.met {
                        *tally.met.entry(met).or_default() += count;
                    }
                    if let Some((_, breach)) = outcome.breaches.first() {
                        tally.failed.push((seed, breach.to_string()));
                        enough.fetch_or(tally.failed.len() >= options.enough(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap_or_default();
    report(out, options, &tally)
}

fn report(out: &mut impl Write, options: &Options, tally: &Tally) -> io::Result<bool> {
    for (seed, breach) in &tally.failed {
        writeln!(out, "seed={seed} commit={} {breach}", options.commit)?;
    }
    let mut missing = 0;
    for met in Met::ALL {
        let count = tally.met.get(met).copied().unwrap_or(0);
        missing += u32::from(count == 0);
        writeln!(out, "{:<40} {count}", met.name())?;
    }
    writeln!(
        out,
        "{} seeds from {}, {} steps, {} failed, {missing} situations never met, traces={:016x}",
        options.seeds,
        options.from,
        tally.steps,
        tally.failed.len(),
        tally.hash
    )?;
    Ok(tally.failed.is_empty() && (missing == 0 || options.few))
}
