//! Reversals of barcode payments (撤销订单): `/secapi/pay/reverse` with the client
//! certificate. Only a signed answer that wants no other call confirms one.

use super::answer::unclear;
use super::client::Client;
use super::codes::{Call, Meaning};
use super::wire::Fields;
use cashier::channel::{Outcome, Reversed};
use cashier::id::FlowNo;

/// Takes a barcode payment back, paid or not.
pub(super) async fn reverse(client: &Client, flow: &FlowNo) -> Outcome<Reversed> {
    let mut asked = Fields::default();
    asked.set("out_trade_no", flow.as_str());
    match client.call(Call::Reverse, asked).await {
        Ok(fields) => confirmed(&fields),
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Closed => Some(Reversed::Confirmed),
            Meaning::Absent => Some(Reversed::NotFound),
            Meaning::Again => Some(Reversed::Again),
            _ => None,
        }),
    }
}

fn confirmed(fields: &Fields) -> Outcome<Reversed> {
    match fields.text("recall").unwrap_or_default() {
        "N" => Outcome::Done(Reversed::Confirmed),
        other => Outcome::Unknown(unclear("recall", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_that_does_not_say_that_it_is_over_is_none() {
        let answered = |recall: &str| {
            let mut fields = Fields::default();
            fields.set("recall", recall);
            confirmed(&fields)
        };
        assert_eq!(answered("N"), Outcome::Done(Reversed::Confirmed));
        for recall in ["", "Y", "n", "MAYBE"] {
            assert!(matches!(answered(recall), Outcome::Unknown(_)), "{recall}");
        }
    }
}
