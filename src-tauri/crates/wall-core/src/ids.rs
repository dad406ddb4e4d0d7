//! Identities given by the store: small integers that are never used again.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub i64);
    )+};
}

ids! {
    /// A cell of one plan. The same code in another plan is another cell.
    CellId,
    /// A network of cells: general (全科网格), police, fire …
    NetworkId,
    /// A version of a network's cells (网格方案).
    PlanId,
    /// A ticket (事件).
    TicketId,
    /// A member of the field staff (网格员、巡防力量).
    StaffId,
    /// A key site (重点部位).
    SiteId,
    /// A building with households.
    BuildingId,
    /// A person or unit that answers for cells.
    PartyId,
    /// One dated line "this party answers for this cell".
    OwnershipId,
    /// A line of a category table.
    CategoryId,
}
