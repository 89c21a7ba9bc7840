//! Somebody who works on exceptions while they are still moving: looks at what is
//! open, and ends it, which makes every decision void that was made meanwhile.

use crate::world::World;
use cashier::desk::Desk;
use cashier::exception::{Entry, EntryKind, Exception};
use cashier::time::Span;
use std::sync::Arc;

/// Ends an open exception now and then.
pub async fn work(world: Arc<World>) {
    let exec = &world.exec;
    for _ in 0..6 {
        exec.sleep(exec.span(Span::minutes(3), Span::minutes(40)))
            .await;
        let Some(exception) = an_open_one(&world) else {
            continue;
        };
        let entry = Entry {
            exception: exception.id.clone(),
            kind: EntryKind::Resolved,
            actor: "wang".to_owned(),
            text: "looked it up in the channel's back office".to_owned(),
            at: exec.now(),
        };
        // Somebody else, or Till itself, may have been faster.
        let added = world.memory.add_entry(entry).await;
        world.wake_workers();
        world.sight.trace(
            exec.now(),
            format_args!("operator ends {}: {added:?}", exception.id),
        );
    }
}

fn an_open_one(world: &World) -> Option<Exception> {
    let orders = world.memory.orders();
    let open: Vec<&Exception> = orders
        .iter()
        .flat_map(|state| state.exceptions.iter().map(move |known| (state, known)))
        .filter(|(state, known)| !state.is_resolved(&known.id))
        .map(|(_, known)| known)
        .collect();
    let drawn = world.exec.below(u32::try_from(open.len()).ok()?);
    open.get(usize::try_from(drawn).ok()?).copied().cloned()
}
