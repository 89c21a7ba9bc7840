//! How far the model goes: each bound has a name, so that what was not looked
//! at can be said.

/// How often things may happen in one run. All of it together is every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Wishes to pay, of both tabs together; each by either way.
    pub pays: u8,
    /// The merchant's wishes to close the order.
    pub closes: u8,
    /// The merchant's wishes to give part of the money back.
    pub refunds: u8,
    /// How often the payer says that they have paid.
    pub checks: u8,
    /// Calls to a channel that go wrong.
    pub faults: u8,
    /// Crashes: of all processes, or of the one behind one piece of work.
    pub crashes: u8,
    /// How often time passes although calls are under way or due tasks wait.
    pub delays: u8,
    /// How often a channel takes money for what it had confirmed as closed.
    pub contradictions: u8,
}

impl Bounds {
    /// What CI looks at on every change.
    pub const CI: Bounds = Bounds {
        pays: 2,
        closes: 1,
        refunds: 1,
        checks: 0,
        faults: 1,
        crashes: 1,
        delays: 0,
        contradictions: 1,
    };
    /// What `--full` looks at.
    pub const FULL: Bounds = Bounds {
        pays: 3,
        delays: 1,
        ..Bounds::CI
    };

    /// The bound of that name, to be set; `None` if there is none.
    pub fn named(&mut self, name: &str) -> Option<&mut u8> {
        Some(match name {
            "pays" => &mut self.pays,
            "closes" => &mut self.closes,
            "refunds" => &mut self.refunds,
            "checks" => &mut self.checks,
            "faults" => &mut self.faults,
            "crashes" => &mut self.crashes,
            "delays" => &mut self.delays,
            "contradictions" => &mut self.contradictions,
            _ => return None,
        })
    }
}
