//! Draft.
use cashier::policy::{LatePayment, Switch};
use stateright::{Checker, Model};
use till_model::bounds::Bounds;
use till_model::met::Situation;
use till_model::till::Till;
fn main() {
    let mut bounds = Bounds::CI;
    let mut bfs = false;
    let mut only = 4usize;
    for arg in std::env::args().skip(1) {
        if arg == "--full" { bounds = Bounds::FULL; }
        else if arg == "--rest" {}
        else if arg == "--bfs" { bfs = true }
        else if let Some((n, v)) = arg.split_once('=') {
            if n == "only" { only = v.parse().unwrap(); continue; }
            *bounds.named(n).unwrap() = v.parse().unwrap();
        }
    }
    println!("{bounds:?}");
    for (i, (s, l)) in [(Switch::Overlap, LatePayment::Refund), (Switch::Strict, LatePayment::Refund), (Switch::Overlap, LatePayment::Accept), (Switch::Strict, LatePayment::Accept)].into_iter().enumerate() {
        if only < 4 && only != i { continue; }
        let till = Till::new(s, l, bounds);
        if std::env::args().any(|a| a == "--rest") { println!("{:?}", till_model::rest::ends(&till)); continue; }
        let met = till.met.clone();
        let start = std::time::Instant::now();
        let (d, total, unique, depth, props) = if bfs {
            let c = till.checker().threads(1).timeout(std::time::Duration::from_secs(900)).spawn_bfs().join();
            (c.discoveries(), c.state_count(), c.unique_state_count(), c.max_depth(), c.model().properties())
        } else {
            let c = till.checker().threads(2).timeout(std::time::Duration::from_secs(900)).spawn_dfs().join();
            (c.discoveries(), c.state_count(), c.unique_state_count(), c.max_depth(), c.model().properties())
        };
        println!("{s:?} {l:?}: states {total} unique {unique} depth {depth} {:?}", start.elapsed());
        for p in props {
            match (p.expectation.discovery_is_failure(), d.get(p.name)) {
                (true, Some(path)) => {
                    println!("VIOLATED: {}", p.name);
                    let v = path.clone().into_vec();
                    for (w, a) in v { println!("   {w:?}\n     => {a:?}"); }
                }
                (false, None) => println!("NEVER MET: {}", p.name),
                _ => {}
            }
        }
        for s in Situation::ALL { print!("{:?}={} ", s, met.count(*s)); }
        println!();
    }
}
