//! Judging what a file holds: what it is for, and whether the profile's rules for that are met. Pure: the files were
//! read before, and the moment is given. The rules themselves are those of `verdict`, for whatever is judged on the wire.

mod client;
mod findings;
mod ground;
mod inspection;
mod purpose;
mod request;
mod server;
mod trust;

pub use findings::{FileFinding, Mark};
pub use ground::Ground;
pub use inspection::{Conclusion, Expiry, InspectedFile, Inspection, inspect};
pub use purpose::Purpose;
