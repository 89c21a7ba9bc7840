//! `till migrate`.

use super::{Fault, Sources, block_on, say};
use crate::assembly;
use crate::config::Database;

pub(super) fn run(sources: &Sources) -> Result<(), Fault> {
    let config = sources.read()?;
    block_on(&config.log, async {
        let database = Database {
            migrate: true,
            ..config.database.clone()
        };
        let opened = assembly::open_database(&database).await?;
        let steps = migrations::status(opened.connection()).await?;
        for step in &steps {
            say(&format!(
                "{} {}",
                if step.applied { "applied" } else { "missing" },
                step.name
            ))?;
        }
        Ok(())
    })
}
