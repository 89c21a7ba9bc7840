//! Ways of paying, by name.

use super::payer::{AUTO_BAR, Said};
use crate::problem::Problem;
use cashier::way::Way;

/// Reads the way of a wish to pay, which may be left to the payer's code.
///
/// # Errors
/// `invalid_request`, naming the ways that there are, or what is wrong with the code.
pub fn asked(name: &str, payer: Said<'_>) -> Result<Way, Problem> {
    match name {
        AUTO_BAR => payer.way(),
        name => one("way", name),
    }
}

/// Reads one way.
///
/// # Errors
/// `invalid_request`, naming the ways that there are.
pub fn one(field: &str, name: &str) -> Result<Way, Problem> {
    name.parse().map_err(|_| {
        let known = Way::ALL.map(Way::name).join(" ");
        Problem::invalid(field, format!("must be one of {known}"))
    })
}

/// Reads the ways that a merchant allows, each once; none were named if `None`.
///
/// # Errors
/// `invalid_request` for unknown and doubled ways, and for an empty list.
pub fn many(names: Option<&[String]>) -> Result<Vec<Way>, Problem> {
    let Some(names) = names else {
        return Ok(Vec::new());
    };
    if names.is_empty() {
        return Err(Problem::invalid(
            "ways",
            "must name at least one way; leave it out to allow all",
        ));
    }
    let mut ways = Vec::new();
    for name in names {
        let way = one("ways", name)?;
        if ways.contains(&way) {
            return Err(Problem::invalid(
                "ways",
                format!("must name each way once; {way} is twice"),
            ));
        }
        ways.push(way);
    }
    Ok(ways)
}
