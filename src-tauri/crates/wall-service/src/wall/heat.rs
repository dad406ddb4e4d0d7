//! Heat rasters of the areas that viewers look at, kept up to date by small steps.

use super::shown::Sight;
use std::sync::{Mutex, PoisonError};
use wall_core::{HeatField, HeatGrid, HeatKernel, Place, UtcMs};

/// How many different pictures are kept warm, and how large they may be together.
const KEPT: usize = 8;
const KEPT_BYTES: usize = 64 << 20;

/// The rasters asked for lately, newest use first.
#[derive(Default)]
pub(crate) struct HeatFields {
    fields: Mutex<Vec<(Sight, HeatKernel, HeatField)>>,
}

impl HeatFields {
    fn each(&mut self, shown: impl Fn(&Sight) -> Option<Place>, change: impl Fn(&mut HeatField, Place)) {
        for (sight, _, field) in self.fields.get_mut().unwrap_or_else(PoisonError::into_inner) {
            if let Some(place) = shown(sight) {
                change(field, place);
            }
        }
    }

    /// A ticket opened by `now`, with the place where each [`Sight`] sees it. O(kept rasters × kernel).
    pub fn add(&mut self, shown: impl Fn(&Sight) -> Option<Place>, weight: f64, reported_at: UtcMs, now: UtcMs) {
        self.each(shown, |f, place| {
            // A raster that stands before the ticket was reported would not take it.
            f.advance(now);
            f.add(place, weight, reported_at);
        });
    }

    /// A ticket closed.
    pub fn remove(&mut self, shown: impl Fn(&Sight) -> Option<Place>, weight: f64, reported_at: UtcMs) {
        self.each(shown, |f, place| f.remove(place, weight, reported_at));
    }

    /// Forgets all: the next question builds anew.
    pub fn clear(&mut self) {
        self.fields.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads the raster of a grid at `now`, building it from `open` when it is not kept.
    pub fn read<I: Iterator<Item = (Place, f64, UtcMs)>, R>(
        &self,
        sight: &Sight,
        grid: HeatGrid,
        kernel: HeatKernel,
        now: UtcMs,
        open: impl Fn() -> I,
        read: impl FnOnce(&HeatField) -> R,
    ) -> R {
        let fields = || self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(s, k, f): &(Sight, HeatKernel, HeatField)| s == sight && *f.grid() == grid && *k == kernel;
        // Taken out while it is drawn, so that two are drawn at once: whoever reads holds the world, so that no ticket
        // comes or goes before it is back.
        let kept = {
            let mut fields = fields();
            fields.iter().position(same).map(|i| fields.remove(i).2)
        };
        let mut field = match kept {
            Some(mut field) => {
                field.advance(now);
                field
            }
            None => {
                let mut field = HeatField::new(grid, kernel, now);
                field.rebuild(open());
                field
            }
        };
        if field.is_worn() {
            field.rebuild(open());
        }
        let answer = read(&field);
        let mut fields = fields();
        if !fields.iter().any(same) {
            fields.insert(0, (sight.clone(), kernel, field));
        }
        let mut bytes = 0;
        fields.retain(|(_, _, f)| {
            bytes += f.held_bytes();
            bytes <= KEPT_BYTES
        });
        fields.truncate(KEPT);
        answer
    }
}
