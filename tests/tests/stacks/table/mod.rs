//! The table: each stack with the requirements that it fails and those that stay inconclusive. Every other requirement
//! has the verdict of a right stack in the same role.

mod all;
mod curl;
mod go;
mod java;
mod nginx;
mod node;
mod proxies;
mod python;

pub(super) use all::stacks;
