//! Checks the core on a small scope, exhaustively, and prints how much that was.
//!
//! `till-model` checks what CI checks; `--full` also what takes minutes;
//! `--ends` looks for circles as well; `pays=2 faults=1 …` is a scope of one's
//! own, and with `--shortest` a violation is shown on the shortest way.

use std::io::{self, Write};
use std::process::ExitCode;
use till_model::bounds::{Bounds, CI, FULL, Scope};
use till_model::check::{Report, check, check_shortest, policies};
use till_model::rest::ends;
use till_model::till::Till;

#[derive(Default)]
struct Wanted {
    full: bool,
    ends: bool,
    shortest: bool,
    own: Option<Bounds>,
}

fn main() -> ExitCode {
    match wanted().map(|wanted| run(&wanted)) {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => ExitCode::FAILURE,
        Ok(Err(error)) => complain(&error.to_string()),
        Err(mistake) => complain(&mistake),
    }
}

fn complain(what: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{what}");
    ExitCode::from(2)
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--full" => wanted.full = true,
            "--ends" => wanted.ends = true,
            "--shortest" => wanted.shortest = true,
            other => {
                let own = wanted.own.get_or_insert(Bounds::NONE);
                set(own, other).ok_or_else(|| format!("what is {other:?}? try pays=2 faults=1"))?;
            }
        }
    }
    Ok(wanted)
}

fn set(bounds: &mut Bounds, word: &str) -> Option<()> {
    let (name, count) = word.split_once('=')?;
    *bounds.named(name)? = count.parse().ok()?;
    Some(())
}

fn run(wanted: &Wanted) -> io::Result<bool> {
    let own = wanted.own.map(|bounds| Scope {
        name: "of your own",
        bounds,
    });
    let mut scopes: Vec<Scope> = own.into_iter().collect();
    if scopes.is_empty() {
        scopes.extend(CI);
        scopes.extend(FULL.iter().filter(|_| wanted.full));
    }
    let mut good = true;
    for scope in &scopes {
        good &= scope_is_good(scope, wanted)?;
    }
    Ok(good)
}

fn scope_is_good(scope: &Scope, wanted: &Wanted) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}: {:?}", scope.name, scope.bounds)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut good = true;
    for (switch, late) in policies(&scope.bounds) {
        let till = || Till::new(switch, late, scope.bounds);
        let (report, seconds) = timed(|| match wanted.shortest {
            true => check_shortest(till()),
            false => check(till(), threads),
        });
        let policy = format!("{switch:?}, {late:?}").to_lowercase();
        let Report {
            generated,
            unique,
            depth,
            ..
        } = report;
        writeln!(
            out,
            "  {policy:16} {generated:>10} generated {unique:>9} unique  depth {depth:>3}  {seconds:>4} s"
        )?;
        good &= is_good(&mut out, &report)?;
        if wanted.ends {
            let found = ends(&till());
            writeln!(out, "  {policy:16} {found:?}")?;
            good &= found.circles == 0 && found.restless == 0 && found.states == unique;
        }
    }
    Ok(good)
}

fn is_good(out: &mut impl Write, report: &Report) -> io::Result<bool> {
    for (situation, count) in report.met.iter().filter(|(_, count)| *count > 0) {
        write!(out, "{situation:?} {count}, ")?;
    }
    writeln!(out)?;
    for situation in &report.missed {
        writeln!(out, "  never met: {}", situation.text())?;
    }
    if let Some(broken) = &report.broken {
        writeln!(out, "{broken}")?;
    }
    Ok(report.broken.is_none() && report.missed.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the check takes is told to people, and decides nothing"
)]
fn timed<T>(what: impl FnOnce() -> T) -> (T, u64) {
    let start = std::time::Instant::now();
    let done = what();
    (done, start.elapsed().as_secs())
}
