//! Rules for a server's chain, wherever it was found: whether it is complete and for its host, where it ends, and whether
//! it still ends where Thales thinks.

mod anchor;
mod complete;
mod kept;

pub use anchor::{EDITION, is_listed, listed_key, public, trust_store};
pub use complete::{anchors, complete, host};
pub use kept::kept;
