//! Levels of the areas that tickets are counted by.

use crate::coded::coded;

coded! {
    /// Level of an area, the smallest first.
    Level {
        /// 网格
        Cell = "cell",
        /// 社区
        Community = "community",
        /// 街道
        Street = "street",
    }
}
