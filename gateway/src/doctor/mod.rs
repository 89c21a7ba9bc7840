//! What is wrong with a channel account, in words that say how to mend it. Changes
//! nothing, and no secret is ever in what it says.

mod address;
mod drift;
mod examine;
mod finding;
mod intake;
mod lookup;
mod question;
mod reach;

pub use address::public_address;
pub use drift::drift;
pub use examine::examine;
pub use finding::Finding;
pub use intake::{Intake, Patient};
pub use lookup::is_outside;
pub use question::question;
pub use reach::reach;
