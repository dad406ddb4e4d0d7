//! Powers of a half, quickly: a table and two terms of the series, because a rebuild needs one for each ticket.

/// Steps of the table within one half-life.
const STEPS: usize = 256;

/// What is left after some milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Fade {
    steps_per_ms: f64,
    /// 2^(−i / STEPS).
    table: Vec<f64>,
}

impl Fade {
    /// Not positive or not finite: nothing ever fades.
    pub fn new(half_life_s: f64) -> Self {
        let fades = half_life_s > 0.0 && half_life_s.is_finite();
        let steps_per_ms = if fades { STEPS as f64 / (half_life_s * 1000.0) } else { 0.0 };
        Self { steps_per_ms, table: (0..STEPS).map(|i| (-(i as f64) / STEPS as f64).exp2()).collect() }
    }

    /// 2^(−ms / half-life), to eight digits; 0 after a thousand half-lives, more than 1 for negative times.
    #[inline]
    pub fn over_ms(&self, ms: i64) -> f64 {
        let steps = ms as f64 * self.steps_per_ms;
        if !(steps > -1000.0 * STEPS as f64 && steps < 1000.0 * STEPS as f64) {
            return if steps > 0.0 { 0.0 } else { f64::MAX.sqrt() };
        }
        // Shifted to be positive, so that cutting the fraction off rounds down.
        let shifted = steps + 1000.0 * STEPS as f64;
        let whole = shifted as u32;
        let rest = (shifted - f64::from(whole)) * (std::f64::consts::LN_2 / STEPS as f64);
        let (halves, step) = (whole / STEPS as u32, whole as usize % STEPS);
        // 2^(1000 − halves), put together from its exponent: 23 … 2023.
        let power = f64::from_bits(u64::from(2023 - halves) << 52);
        power * self.table[step] * (1.0 - rest * (1.0 - rest * 0.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_exp2(half_life_s in 0.001..1e9f64, halves in -900.0..900.0f64) {
            let ms = (half_life_s * 1000.0 * halves) as i64;
            let exact = (-(ms as f64) / (half_life_s * 1000.0)).exp2();
            let quick = Fade::new(half_life_s).over_ms(ms);
            prop_assert!((quick - exact).abs() <= 1e-8 * exact, "{quick} and not {exact}");
        }
    }

    #[test]
    fn the_ends() {
        assert_eq!(Fade::new(1.0).over_ms(i64::MAX), 0.0);
        assert!(Fade::new(1.0).over_ms(i64::MIN).is_finite());
        for never in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            assert_eq!(Fade::new(never).over_ms(i64::MAX), 1.0);
        }
    }
}
