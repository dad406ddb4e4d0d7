//! The demonstration's accounts: one who plans, one who reviews. Their password is published, their data invented.

use wall_store::Role;

/// Password of every account of the demonstration.
pub const DEMO_PASSWORD: &str = "gridwall-demo";

/// Name, name on screen and role of each.
pub const DEMO_ACCOUNTS: &[(&str, &str, Role)] = &[("planner", "规划员", Role::Planner), ("reviewer", "审核人", Role::Leader)];
