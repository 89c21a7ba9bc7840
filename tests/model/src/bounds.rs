//! How far the model goes: each bound has a name, so that what was not looked
//! at can be said.

/// How often things may happen in one run. All of it together is every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Wishes to pay, of both tabs together; each by either way.
    pub pays: u8,
    /// Wishes to pay by a code that the payer shows, at either channel; each channel's
    /// payer shows one code, as often as the counter likes.
    pub codes: u8,
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
    /// How often a decision is made from rows that others touch before it is
    /// committed: a second process takes a task, commits, or time passes.
    pub overtaken: u8,
    /// How far the channels' clocks are behind ours, in ticks; up to the margin.
    pub behind: u8,
}

/// Bounds under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What it looks into.
    pub name: &'static str,
    /// How far it goes.
    pub bounds: Bounds,
}

/// What CI looks at on every change: each disturbance by itself, in full.
pub const CI: &[Scope] = &[
    Scope {
        name: "one tab and every disturbance",
        bounds: Bounds {
            behind: 1,
            ..bounds(1, 1, 0, 1, 1, 1, 0)
        },
    },
    Scope {
        name: "two tabs and a lost call",
        bounds: bounds(2, 1, 0, 1, 0, 0, 0),
    },
    Scope {
        name: "two tabs and a crash",
        bounds: bounds(2, 1, 0, 0, 1, 0, 0),
    },
    Scope {
        name: "two tabs and slow workers",
        bounds: bounds(2, 0, 0, 0, 0, 1, 0),
    },
    Scope {
        name: "two tabs and a refund",
        bounds: bounds(2, 0, 1, 1, 0, 0, 0),
    },
    Scope {
        name: "two tabs and a contradiction",
        bounds: bounds(2, 1, 0, 0, 0, 0, 1),
    },
    Scope {
        name: "two tabs and a decision that is overtaken",
        bounds: Bounds {
            overtaken: 1,
            ..bounds(2, 1, 0, 0, 0, 0, 0)
        },
    },
    Scope {
        name: "two tabs and clocks that disagree",
        bounds: Bounds {
            behind: 1,
            ..bounds(2, 1, 0, 0, 0, 0, 0)
        },
    },
    Scope {
        name: "a code and every disturbance",
        bounds: Bounds {
            codes: 1,
            ..bounds(0, 1, 0, 1, 1, 1, 0)
        },
    },
    Scope {
        name: "a code, a change of way and a lost call",
        bounds: Bounds {
            codes: 1,
            ..bounds(1, 0, 0, 1, 0, 0, 0)
        },
    },
    Scope {
        name: "a code, a change of way and a crash",
        bounds: Bounds {
            codes: 1,
            ..bounds(1, 1, 0, 0, 1, 0, 0)
        },
    },
    Scope {
        name: "two codes and a lost call",
        bounds: Bounds {
            codes: 2,
            ..bounds(0, 1, 0, 1, 0, 0, 0)
        },
    },
    Scope {
        name: "two codes, a lost call and a contradiction",
        bounds: Bounds {
            codes: 2,
            ..bounds(0, 1, 0, 1, 0, 0, 1)
        },
    },
    Scope {
        name: "a code and a decision that is overtaken",
        bounds: Bounds {
            codes: 1,
            overtaken: 1,
            ..bounds(0, 1, 0, 1, 0, 0, 0)
        },
    },
];

/// What `--full` looks at besides: disturbances together.
pub const FULL: &[Scope] = &[
    Scope {
        name: "three wishes to pay",
        bounds: bounds(3, 0, 0, 0, 0, 0, 0),
    },
    Scope {
        name: "two lost calls",
        bounds: bounds(2, 1, 0, 2, 0, 0, 0),
    },
    Scope {
        name: "a lost call, a crash and a refund",
        bounds: bounds(2, 1, 1, 1, 1, 0, 0),
    },
    Scope {
        name: "a lost call, a crash and a contradiction",
        bounds: bounds(2, 1, 0, 1, 1, 0, 1),
    },
    Scope {
        name: "a crash and slow workers",
        bounds: bounds(2, 0, 0, 0, 1, 1, 0),
    },
    Scope {
        name: "one tab and everything",
        bounds: bounds(1, 1, 1, 1, 1, 1, 1),
    },
    Scope {
        name: "a decision that is overtaken, a lost call and slow workers",
        bounds: Bounds {
            overtaken: 1,
            ..bounds(1, 1, 0, 1, 0, 1, 0)
        },
    },
    Scope {
        name: "a decision that is overtaken, and a crash",
        bounds: Bounds {
            overtaken: 1,
            ..bounds(2, 0, 0, 0, 1, 0, 0)
        },
    },
    Scope {
        name: "clocks that disagree, a lost call and a crash",
        bounds: Bounds {
            behind: 1,
            ..bounds(2, 0, 0, 1, 1, 0, 0)
        },
    },
    Scope {
        name: "a code, a change of way and two lost calls",
        bounds: Bounds {
            codes: 1,
            ..bounds(1, 1, 0, 2, 0, 0, 0)
        },
    },
    Scope {
        name: "two codes, two lost calls and slow workers",
        bounds: Bounds {
            codes: 2,
            ..bounds(0, 1, 0, 2, 0, 1, 0)
        },
    },
];

const fn bounds(
    pays: u8,
    closes: u8,
    refunds: u8,
    faults: u8,
    crashes: u8,
    delays: u8,
    contradictions: u8,
) -> Bounds {
    Bounds {
        pays,
        codes: 0,
        closes,
        refunds,
        checks: 0,
        faults,
        crashes,
        delays,
        contradictions,
        overtaken: 0,
        behind: 0,
    }
}

impl Bounds {
    /// Nothing happens.
    pub const NONE: Bounds = bounds(0, 0, 0, 0, 0, 0, 0);

    /// The bound of that name, to be set; `None` if there is none.
    pub fn named(&mut self, name: &str) -> Option<&mut u8> {
        Some(match name {
            "pays" => &mut self.pays,
            "codes" => &mut self.codes,
            "closes" => &mut self.closes,
            "refunds" => &mut self.refunds,
            "checks" => &mut self.checks,
            "faults" => &mut self.faults,
            "crashes" => &mut self.crashes,
            "delays" => &mut self.delays,
            "contradictions" => &mut self.contradictions,
            "behind" => &mut self.behind,
            "overtaken" => &mut self.overtaken,
            _ => return None,
        })
    }
}
