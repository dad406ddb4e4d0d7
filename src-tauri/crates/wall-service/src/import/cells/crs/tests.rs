use proptest::prelude::*;

use super::*;

/// Places that PROJ computed: code, x, y, longitude, latitude, and for some the well-known text.
fn expected() -> Vec<(String, [f64; 2], [f64; 2], String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/expected/projected.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let mut parts = line.splitn(6, ',');
        let code = parts.next().unwrap().to_owned();
        let numbers: Vec<f64> = parts.by_ref().take(4).map(|n| n.parse().unwrap()).collect();
        (code, [numbers[0], numbers[1]], [numbers[2], numbers[3]], parts.next().unwrap_or_default().to_owned())
    });
    rows.collect()
}

fn metres(a: Place, b: [f64; 2]) -> f64 {
    wall_core::distance_m(a, Place { lon: b[0], lat: b[1] })
}

#[test]
fn projections_agree_with_proj() {
    let (mut by_number, mut by_text) = (0, 0);
    for (code, metre, degree, wkt) in expected() {
        let name = CrsText::Name(format!("EPSG:{code}"));
        if let Ok(ground) = Ground::settle(None, Some(&name)) {
            let place = ground.degrees(metre).unwrap();
            assert!(metres(place, degree) < 1e-3, "{code}: {place:?} {degree:?}");
            by_number += 1;
        }
        if !wkt.is_empty() {
            // Regional datums are refused unless the user names one: the projection itself must be right all the same.
            let ground = Ground::settle(Some(Datum::Wgs84), Some(&CrsText::Wkt(wkt.clone()))).unwrap();
            let place = ground.degrees(metre).unwrap();
            assert!(metres(place, degree) < 1e-3, "{wkt}: {place:?} {degree:?}");
            by_text += 1;
        }
    }
    assert!(by_number >= 73 && by_text >= 10, "{by_number} {by_text}");
}

#[test]
fn well_known_texts_are_read_or_refused_by_name() {
    let geographic = |name: &str, datum: &str, rest: &str| {
        CrsText::Wkt(format!(
            r#"GEOGCS["{name}",DATUM["{datum}",SPHEROID["x",6378137.0,298.257223563]],{rest}UNIT["Degree",0.0174532925199433]]"#
        ))
    };
    let datum = |crs: &CrsText| Ground::settle(None, Some(crs)).map(|g| g.choice.used);
    let greenwich = r#"PRIMEM["Greenwich",0.0],"#;
    assert_eq!(datum(&geographic("GCS_WGS_1984", "D_WGS_1984", greenwich)), Ok(Datum::Wgs84));
    assert_eq!(datum(&geographic("GCS_China_Geodetic_Coordinate_System_2000", "D_China_2000", greenwich)), Ok(Datum::Cgcs2000));
    for (crs, why) in [
        (geographic("GCS_Beijing_1954", "D_Beijing_1954", greenwich), "old Chinese"),
        (geographic("GCS_Xian_1980", "D_Xian_1980", ""), "old Chinese"),
        (geographic("GCS_North_American_1983", "D_North_American_1983", greenwich), "two metres"),
        (geographic("GCS_Mars_2000", "D_Mars_2000", greenwich), "not known"),
        (geographic("GCS_WGS_1984", "D_WGS_1984", r#"PRIMEM["Paris",2.337229],"#), "Greenwich"),
        (CrsText::Wkt("GEOCCS[\"WGS 84\"]".into()), "no geographic"),
        (CrsText::Wkt("LOCAL_CS[\"grid\"".into()), "no well-known text"),
        (CrsText::Wkt(String::new()), "no well-known text"),
        (CrsText::Name("EPSG:2414".into()), "projected Chinese"),
        (CrsText::Name("EPSG:2249".into()), "not known"),
        (
            CrsText::Wkt(
                r#"PROJCS["Rome",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["x",6378137,298.25]]],PROJECTION["Bonne"],UNIT["m",1]]"#
                    .into(),
            ),
            "a projection that is not read",
        ),
    ] {
        let refused = Ground::settle(None, Some(&crs)).err().unwrap();
        assert_eq!(refused.code(), "unknown_crs");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let gon = CrsText::Wkt(
        r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["x",6378137,298.2]],UNIT["Grad",0.0157079632679489]]"#.into(),
    );
    assert!(Ground::settle(None, Some(&gon)).is_err());
}

#[test]
fn the_three_ways_of_writing_one_system_agree() {
    let esri = r#"PROJCS["CGCS2000_3_Degree_GK_Zone_38",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",38500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    let second = r#"PROJCRS["CGCS2000 / 3-degree Gauss-Kruger zone 38",BASEGEOGCRS["China Geodetic Coordinate System 2000",DATUM["China 2000",ELLIPSOID["CGCS2000",6378137,298.257222101,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["z",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0],PARAMETER["Longitude of natural origin",114],PARAMETER["Scale factor at natural origin",1],PARAMETER["False easting",38500000],PARAMETER["False northing",0]],CS[Cartesian,2],AXIS["northing (X)",north,ORDER[1],LENGTHUNIT["metre",1]],AXIS["easting (Y)",east,ORDER[2],LENGTHUNIT["metre",1]]]"#;
    let compound = format!(r#"COMPD_CS["both",{esri},VERT_CS["v",VERT_DATUM["d",2005],UNIT["metre",1]]]"#);
    let at = [38_505_000.0, 2_500_000.0];
    let one = Ground::settle(None, Some(&CrsText::Name("EPSG:4526".into()))).unwrap().degrees(at).unwrap();
    for text in [esri, second, &compound] {
        let ground = Ground::settle(None, Some(&CrsText::Wkt(text.into()))).unwrap();
        assert_eq!(ground.choice.used, Datum::Cgcs2000);
        assert!(ground.choice.why.contains("taken to degrees"), "{}", ground.choice.why);
        assert!(metres(ground.degrees(at).unwrap(), [one.lon, one.lat]) < 1e-6);
    }
    // Numbers that cannot be undone are no places, and do not stop the others.
    let mut ground = Ground::settle(None, Some(&CrsText::Wkt(esri.into()))).unwrap();
    let ring = vec![at, [f64::INFINITY, 0.0], [f64::NAN, 1.0], [1e300, -1e300]];
    let out = ground.in_wgs84(&[vec![ring]], true);
    assert!((out[0][0][0][0] - one.lon).abs() < 1e-12);
    assert!(out[0][0][1][0].is_nan() && out[0][0][2][0].is_nan());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_has_an_answer(text in r#"[A-Z]{0,6}([\[\](),"]|[0-9]{1,3}|PROJCS|GEOGCS|UNIT|[a-zé ]){0,40}"#) {
        let _ = Ground::settle(None, Some(&CrsText::Wkt(text)));
    }

    #[test]
    fn any_parameters_have_an_answer(
        kind in 0usize..6, a in -1e8..1e8f64, b in -200.0..200.0f64, k in -2.0..2.0f64, l in -100.0..100.0f64, m in -100.0..100.0f64,
        rf in -10.0..400.0f64, x in -1e9..1e9f64, y in prop::num::f64::ANY
    ) {
        let method = ["Gauss_Kruger", "Mercator", "Lambert_Conformal_Conic", "Albers", "Mercator_Auxiliary_Sphere", "Transverse_Mercator"][kind];
        let text = format!(r#"PROJCS["x",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["x",6378137,{rf}]]],PROJECTION["{method}"],PARAMETER["False_Easting",{a}],PARAMETER["Central_Meridian",{b}],PARAMETER["Scale_Factor",{k}],PARAMETER["Standard_Parallel_1",{l}],PARAMETER["Standard_Parallel_2",{m}],PARAMETER["Latitude_Of_Origin",{l}],UNIT["m",{k}]]"#);
        if let Ok(mut ground) = Ground::settle(None, Some(&CrsText::Wkt(text))) {
            let _ = ground.in_wgs84(&[vec![vec![[x, y], [y, x]]]], true);
        }
    }
}
