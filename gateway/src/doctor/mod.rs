//! What is wrong with a channel account, in words that say how to mend it. Changes
//! nothing, and no secret is ever in what it says.

mod address;
mod drift;
mod question;

pub use address::public_address;
pub use drift::drift;
pub use question::question;
