//! The demonstration's accounts: one who plans, one who reviews. Their password is published, their data invented.

use crate::wall::PublishedAccount;
use wall_store::Role;

/// Every account of the demonstration.
pub const DEMO_ACCOUNTS: &[PublishedAccount] = &[
    PublishedAccount { name: "planner", display_name: "规划员", role: Role::Planner, password: "gridwall-demo" },
    PublishedAccount { name: "reviewer", display_name: "审核人", role: Role::Leader, password: "gridwall-demo" },
];
