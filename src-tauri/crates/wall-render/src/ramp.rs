//! The colours that mean something: heat, time left, owners. The same files colour the web map (`assets/ramps`).

use std::sync::LazyLock;

/// A colour, 8-bit sRGB.
pub type Rgb = [u8; 3];

fn read(json: &str) -> Vec<Rgb> {
    serde_json::from_str(json).expect("assets/ramps holds arrays of [r, g, b]; a test reads them all")
}

/// Weighted open tickets per km²: 256 colours, the first for none.
pub static HEAT: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/heat.json")));
/// Time left to the deadline: 256 colours, long overdue first and brightest, due now in the middle and darkest, plenty of time last.
pub static TIME_LEFT: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/time_left.json")));
/// Owners, by the number graph colouring gave them.
pub static OWNERS: LazyLock<Vec<Rgb>> = LazyLock::new(|| read(include_str!("../../../../assets/ramps/owners.json")));

/// How many of the lowest of 256 heat values fade in from the ground.
const FADE_IN: f64 = 56.0;

/// The colour for `share` of the top of the heat scale (0 to 1, clamped; not a number counts as 0).
pub fn heat(share: f64) -> Rgb {
    at(&HEAT, share)
}

/// The same with its cover over the ground: nothing at 0, and the low end fades in so that no edge shows. As the web map has it.
pub fn heat_over(value: u8) -> crate::Rgba {
    let [r, g, b] = HEAT[usize::from(value)];
    let t = (f64::from(value) / FADE_IN).min(1.0);
    [r, g, b, (225.0 * (t * t * (3.0 - 2.0 * t))).round() as u8]
}

/// The colour for the time left as a share of the scale's half width: -1 long overdue, 0 due now, 1 plenty (clamped).
pub fn time_left(share: f64) -> Rgb {
    at(&TIME_LEFT, (share + 1.0) / 2.0)
}

/// The colour of owner group `group`; groups beyond the eighth begin again.
pub fn owner(group: usize) -> Rgb {
    OWNERS[group % OWNERS.len()]
}

/// The colour with full opacity.
pub fn opaque([r, g, b]: Rgb) -> crate::Rgba {
    [r, g, b, 255]
}

/// All colours of a ramp, opaque, for a legend's bar.
pub fn bar(ramp: &[Rgb]) -> Vec<crate::Rgba> {
    ramp.iter().copied().map(opaque).collect()
}

fn at(ramp: &[Rgb], share: f64) -> Rgb {
    // `as` turns NaN into 0 and stays inside after the clamp.
    ramp[(share.clamp(0.0, 1.0) * (ramp.len() - 1) as f64).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sRGB to linear light.
    fn linear(c: Rgb) -> [f64; 3] {
        c.map(|v| f64::from(v) / 255.0).map(|v| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) })
    }

    fn times(m: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    /// OKLab (Ottosson 2020).
    fn oklab(linear: [f64; 3]) -> [f64; 3] {
        let lms = times(
            [
                [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
                [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
                [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
            ],
            linear,
        );
        times(
            [
                [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
                [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
                [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
            ],
            lms.map(f64::cbrt),
        )
    }

    /// CIE L* of D65 sRGB.
    fn lstar(c: Rgb) -> f64 {
        let [r, g, b] = linear(c);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        if y <= 0.008_856 { y * 903.3 } else { 116.0 * y.cbrt() - 16.0 }
    }

    fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
    }

    /// Dichromatic sight after Machado, Oliveira and Fernandes (2009), severity 1.
    const PROTAN: [[f64; 3]; 3] =
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
    const DEUTAN: [[f64; 3]; 3] =
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
    const TRITAN: [[f64; 3]; 3] =
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]];

    fn seen(m: [[f64; 3]; 3], c: Rgb) -> [f64; 3] {
        oklab(times(m, linear(c)).map(|v| v.clamp(0.0, 1.0)))
    }

    #[test]
    fn heat_grows_lighter_throughout_in_even_steps() {
        assert_eq!(HEAT.len(), 256);
        // Eight bits leave some jitter between neighbours; over eight entries lightness must rise and steps be alike.
        for pair in HEAT.windows(2) {
            assert!(lstar(pair[1]) > lstar(pair[0]) - 0.25, "{pair:?}");
        }
        let every: Vec<Rgb> = HEAT.iter().copied().step_by(8).collect();
        let steps: Vec<f64> = every.windows(2).map(|p| apart(oklab(linear(p[0])), oklab(linear(p[1])))).collect();
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        for (pair, step) in every.windows(2).zip(&steps) {
            assert!(lstar(pair[1]) > lstar(pair[0]) + 1.0, "{pair:?}");
            assert!((step / mean - 1.0).abs() < 0.2, "{pair:?}: {step} against a mean of {mean}");
        }
        // The lowest colour still stands out from the ground, if only just.
        let ground = oklab(linear([15, 20, 25]));
        assert!(apart(oklab(linear(HEAT[0])), ground) > 0.06);
    }

    #[test]
    fn time_left_is_darkest_when_due_and_its_two_sides_are_never_taken_for_each_other() {
        assert_eq!(TIME_LEFT.len(), 256);
        let every: Vec<f64> = TIME_LEFT.iter().map(|c| lstar(*c)).collect();
        assert!(every[..128].windows(9).all(|w| w[8] < w[0]), "falls to the middle");
        assert!(every[128..].windows(9).all(|w| w[8] > w[0] - 0.25), "rises from the middle");
        assert!(every[0] > every[255] + 15.0, "late outshines ample");
        for (late, early) in (0..96).flat_map(|i| (160..256).map(move |j| (TIME_LEFT[i], TIME_LEFT[j]))) {
            for m in [PROTAN, DEUTAN, TRITAN] {
                assert!(apart(seen(m, late), seen(m, early)) > 0.03, "{late:?} {early:?}");
            }
        }
    }

    #[test]
    fn owners_are_told_apart_by_everybody() {
        assert_eq!(OWNERS.len(), 8);
        for (i, a) in OWNERS.iter().enumerate() {
            for b in &OWNERS[..i] {
                assert!(apart(oklab(linear(*a)), oklab(linear(*b))) > 0.18, "{a:?} {b:?}");
                for m in [PROTAN, DEUTAN, TRITAN] {
                    assert!(apart(seen(m, *a), seen(m, *b)) > 0.09, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn values_find_their_colours() {
        assert_eq!(heat(0.0), HEAT[0]);
        assert_eq!(heat(1.0), HEAT[255]);
        assert_eq!(heat(7.5), HEAT[255]);
        assert_eq!(heat(f64::NAN), HEAT[0]);
        assert_eq!(time_left(-9.0), TIME_LEFT[0]);
        assert_eq!(time_left(1.0), TIME_LEFT[255]);
        assert_eq!(owner(9), OWNERS[1]);
        assert_eq!(heat_over(0)[3], 0);
        assert_eq!(heat_over(28)[3], 113);
        assert_eq!(heat_over(255), [HEAT[255][0], HEAT[255][1], HEAT[255][2], 225]);
    }

    /// The ramps as a picture, 256 × 60: heat, time left, owners. `GRIDWALL_BLESS=1` writes it anew.
    #[test]
    fn the_ramps_are_the_golden_ones_to_the_byte() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/ramps.png");
        let rows = |ramp: &dyn Fn(usize) -> Rgb| (0..20).flat_map(|_| (0..256).flat_map(ramp)).collect::<Vec<u8>>();
        let picture = [rows(&|x| HEAT[x]), rows(&|x| TIME_LEFT[x]), rows(&|x| OWNERS[x / 32])].concat();
        if std::env::var_os("GRIDWALL_BLESS").is_some() {
            let file = std::fs::File::create(path).expect("golden file");
            let mut encoder = png::Encoder::new(file, 256, 60);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            let mut writer = encoder.write_header().expect("header");
            writer.write_image_data(&picture).expect("data");
        }
        let file = std::io::BufReader::new(std::fs::File::open(path).expect("golden file"));
        let mut reader = png::Decoder::new(file).read_info().expect("png");
        let mut golden = vec![0; reader.output_buffer_size().expect("size")];
        reader.next_frame(&mut golden).expect("frame");
        assert!(golden == picture, "assets/ramps changed; look at it, then bless with GRIDWALL_BLESS=1");
    }
}
