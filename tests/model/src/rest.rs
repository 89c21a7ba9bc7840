//! Whether every run ends, and where. The model checker itself cannot tell a
//! circle from two ways to the same state, so this second walk does: it goes
//! through the same states and looks for a state that leads back to itself.

use crate::laws::at_rest;
use crate::till::{Step, Till};
use crate::world::World;
use stateright::Model;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What the walk found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// How many states there are.
    pub states: usize,
    /// How many of them have no step left.
    pub ends: usize,
    /// How many of those are not at rest, or not as they should be.
    pub restless: usize,
    /// How many steps lead back to a state on the way to them.
    pub circles: usize,
}

struct Place {
    name: u64,
    world: World,
    steps: Vec<Step>,
    led: bool,
}

/// Walks through all states, depth first.
pub fn ends(till: &Till) -> Ends {
    let mut found = Ends::default();
    // Whether a known state is on the way to where the walk is.
    let mut known: HashMap<u64, bool> = HashMap::new();
    let mut way: Vec<Place> = Vec::new();
    for world in till.init_states() {
        enter(till, &mut known, &mut way, world);
    }
    while let Some(place) = way.last_mut() {
        let Some(step) = place.steps.pop() else {
            found.states += 1;
            if !place.led {
                found.ends += 1;
                found.restless += usize::from(!place.world.is_quiet() || !at_rest(&place.world));
            }
            known.insert(place.name, false);
            way.pop();
            continue;
        };
        let Some(next) = till.next_state(&place.world, step) else {
            continue;
        };
        place.led = true;
        match known.get(&name(&next)) {
            Some(true) => found.circles += 1,
            Some(false) => {}
            None => enter(till, &mut known, &mut way, next),
        }
    }
    found
}

fn enter(till: &Till, known: &mut HashMap<u64, bool>, way: &mut Vec<Place>, world: World) {
    let name = name(&world);
    let mut steps = Vec::new();
    till.actions(&world, &mut steps);
    known.insert(name, true);
    way.push(Place {
        name,
        world,
        steps,
        led: false,
    });
}

fn name(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
