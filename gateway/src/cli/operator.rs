//! `till operator`: who may work on exceptions.

use super::{Fault, Sources, block_on, say};
use crate::accounts::{new_key, operator};
use crate::assembly;
use crate::config::Config;
use crate::entropy::SystemEntropy;
use clap::Subcommand;
use entities::Directory;
use secrecy::ExposeSecret;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds an operator and prints their key, this once: only its hash is kept
    Add {
        /// The name under which they act: a to z, 0 to 9 and _
        name: String,
        #[command(flatten)]
        sources: Sources,
    },
    /// Lists the operators, each with the end of their key
    List(Sources),
    /// Removes an operator: their key stops working, and what they did stays
    Remove {
        /// Their name
        name: String,
        #[command(flatten)]
        sources: Sources,
    },
}

pub(super) fn run(command: Command) -> Result<(), Fault> {
    match command {
        Command::Add { name, sources } => {
            with_directory(&sources, async |directory| add(&directory, &name).await)
        }
        Command::List(sources) => {
            with_directory(&sources, async |directory| list(&directory).await)
        }
        Command::Remove { name, sources } => {
            with_directory(&sources, async |directory| remove(&directory, &name).await)
        }
    }
}

fn with_directory(
    sources: &Sources,
    doing: impl AsyncFnOnce(Directory) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let config: Config = sources.read()?;
    block_on(&config.log, async {
        let database = assembly::open_database(&config.database).await?;
        doing(Directory::new(database)).await
    })
}

async fn add(directory: &Directory, name: &str) -> Result<(), Fault> {
    let key = new_key(&SystemEntropy::default());
    if !directory.add_operator(&operator(name, &key)?).await? {
        return Err(format!(
            "there is an operator {name:?} already: for a new key, `till operator remove {name}` \
             first"
        )
        .into());
    }
    say(key.expose_secret())
}

async fn list(directory: &Directory) -> Result<(), Fault> {
    for known in directory.operators().await? {
        say(&format!("{} …{}", known.name, known.hint))?;
    }
    Ok(())
}

async fn remove(directory: &Directory, name: &str) -> Result<(), Fault> {
    if !directory.remove_operator(name).await? {
        return Err(format!("there is no operator {name:?}; see `till operator list`").into());
    }
    say(&format!("{name} is no operator any more"))
}
