//! Making a failing world smaller: fault by fault, as long as it still fails.

use crate::plan::{FAULTS, Plan};
use crate::run::run;

/// The smallest plan found that still breaks the first formula that broke, with
/// the names of what was not needed.
pub fn shrink(seed: u64, plan: &Plan) -> (Plan, Vec<&'static str>) {
    let broken = |plan: &Plan| {
        run(seed, plan, false)
            .breaches
            .first()
            .map(|(_, b)| b.formula)
    };
    let formula = broken(plan);
    let (mut smallest, mut spared) = (plan.clone(), Vec::new());
    for (name, without) in FAULTS {
        let mut tried = smallest.clone();
        without(&mut tried);
        if formula.is_some() && broken(&tried) == formula {
            smallest = tried;
            spared.push(*name);
        }
    }
    (smallest, spared)
}
