//! `till order show`: one order, and why it is where it is. Changes nothing.

mod sheet;

use super::{Fault, Sources, block_on, say};
use crate::assembly;
use crate::config::Config;
use cashier::id::{AppId, OrderId};
use cashier::store::Store;
use cashier::timeline::timeline;
use clap::Subcommand;
use entities::SeaStore;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows an order with its flows, captures, refunds and exceptions, and everything that
    /// was asked, answered, noticed, decided and told about it. Changes nothing
    Show {
        /// The order's id, or the merchant's number of it
        #[arg(value_name = "ORDER|MERCHANT_ORDER_NO")]
        order: String,
        /// The application, where several have an order of that number
        #[arg(long)]
        app: Option<String>,
        #[command(flatten)]
        sources: Sources,
    },
}

pub(super) fn run(command: Command) -> Result<(), Fault> {
    let Command::Show {
        order,
        app,
        sources,
    } = command;
    let config = sources.read()?;
    let app = app.map(AppId::new);
    block_on(&config.log.clone(), show(&order, app.as_ref(), &config))
}

async fn show(name: &str, app: Option<&AppId>, config: &Config) -> Result<(), Fault> {
    let database = assembly::look_into_database(&config.database).await?;
    let store = SeaStore::new(database);
    let order = the_one(name, store.find_by_name(name, app).await?)?;
    let state = store.load(&order).await?;
    let state = state.ok_or_else(|| format!("{order} is gone"))?;
    let evidence = store.evidence(&order).await?;
    say(sheet::of(&state, &timeline(&state, &evidence)).trim_end())
}

/// The only order of that name.
fn the_one(name: &str, found: Vec<(OrderId, AppId)>) -> Result<OrderId, Fault> {
    match found.as_slice() {
        [] => Err(format!("there is no order {name:?} in this database").into()),
        [(order, _)] => Ok(order.clone()),
        several => {
            let which: Vec<String> = several
                .iter()
                .map(|(order, app)| format!("{order} of --app {app}"))
                .collect();
            Err(format!(
                "{name:?} names several orders: say which one. {}",
                which.join(", ")
            )
            .into())
        }
    }
}
