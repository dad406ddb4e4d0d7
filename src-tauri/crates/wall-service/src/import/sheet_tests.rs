//! Workbooks, made here part by part.

use std::io::Write;

use super::times::zone_named;
use super::*;

const RELS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A workbook of sheets, each a name, whether it is hidden, and its rows as XML.
pub(super) fn workbook(sheets: &[(&str, bool, &str)]) -> Vec<u8> {
    let list: String = (1..)
        .zip(sheets)
        .map(|(i, (name, hidden, _))| {
            let state = if *hidden { " state=\"hidden\"" } else { "" };
            format!("<sheet name=\"{name}\" sheetId=\"{i}\"{state} r:id=\"rId{i}\"/>")
        })
        .collect();
    let targets: String = (1..=sheets.len())
        .map(|i| format!("<Relationship Id=\"rId{i}\" Type=\"{RELS}/worksheet\" Target=\"worksheets/sheet{i}.xml\"/>"))
        .collect();
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let mut parts = vec![
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{RELS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELS}\"><sheets>{list}</sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{package}\">{targets}<Relationship Id=\"rIdS\" Type=\"{RELS}/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"rIdT\" Type=\"{RELS}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        ("xl/sharedStrings.xml".to_owned(), format!("<sst xmlns=\"{MAIN}\"><si><t>井盖松动</t></si></sst>")),
        // Style 1 is a date with a time (number format 22), style 2 a date (14).
        (
            "xl/styles.xml".to_owned(),
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
    ];
    for (i, (.., rows)) in (1..).zip(sheets) {
        parts.push((
            format!("xl/worksheets/sheet{i}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ));
    }
    let parts: Vec<(String, Vec<u8>)> = parts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    packed(&parts)
}

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    crate::export::zip(parts, (2026, 7, 1)).unwrap()
}

/// A row of texts.
fn texts(row: u32, values: &[&str]) -> String {
    let cells: String = (b'A'..)
        .zip(values)
        .map(|(column, v)| format!("<c r=\"{}{row}\" t=\"inlineStr\"><is><t>{v}</t></is></c>", char::from(column)))
        .collect();
    format!("<row r=\"{row}\">{cells}</row>")
}

fn tickets_rows() -> String {
    let title = texts(1, &["某街道事件台账"]);
    let header = texts(3, &["external_id", "title", "lon", "lat", "reported_at", "closed_at"]);
    let cells = |row: u32, id: &str| {
        format!(
            "<row r=\"{row}\">{id}<c r=\"B{row}\" t=\"s\"><v>0</v></c><c r=\"C{row}\"><v>120.151</v></c><c r=\"D{row}\"><v>30.271</v></c>\
             <c r=\"E{row}\" s=\"1\"><v>46204.336805555555</v></c></row>"
        )
    };
    let text_id = |row: u32, id: &str| format!("<c r=\"A{row}\" t=\"inlineStr\"><is><t>{id}</t></is></c>");
    let date = "<row r=\"7\"><c r=\"A7\" t=\"inlineStr\"><is><t>D</t></is></c><c r=\"C7\"><v>120.151</v></c><c r=\"D7\"><v>30.271</v></c>\
        <c r=\"E7\" s=\"2\"><v>46204</v></c></row>";
    format!(
        "{title}{header}{}{}{date}",
        cells(4, &text_id(4, "330106202607010001")),
        cells(6, "<c r=\"A6\"><v>330106202607010000</v></c>")
    )
}

fn input(bytes: &[u8], sheet: Option<&str>) -> (tempfile::NamedTempFile, Input) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let input = Input::new(file.path().to_str().unwrap()).unwrap().with_sheet(sheet.map(str::to_owned));
    (file, input)
}

#[test]
fn a_sheet_reads_like_a_table() {
    let book = workbook(&[("说明", false, ""), ("旧", true, &texts(1, &["a", "b"])), ("事件", false, &tickets_rows())]);
    let (_file, input) = input(&book, None);
    for formats in [vec![], vec!["%m/%d/%Y %I:%M:%S %p".to_owned()]] {
        let profile = Profile::parse("p", &format!("time_formats = {formats:?}")).unwrap();
        let options = ReadOptions { zone: Some(zone_named("Asia/Shanghai").unwrap()), profile, ..ReadOptions::default() };
        let (mut records, survey) = Records::surveyed(&input, &options, tickets, &|_| {}).unwrap();
        assert_eq!((survey.rows, survey.refused), (3, 0), "{:?}", survey.first);
        let sheet = records.sheet().unwrap().clone();
        assert_eq!((sheet.used.as_str(), sheet.header_row, sheet.others.join("+").as_str()), ("事件", 3, "说明+旧"));
        let found: Vec<_> = records
            .by_ref()
            .map(|r| match r.unwrap() {
                Read::Record { line, record, issues } => {
                    let codes: Vec<&str> = issues.iter().map(|i| i.code).collect();
                    (line, record.external_id, record.title, record.reported_at.unwrap().to_rfc3339(), codes.join("+"))
                }
                Read::Reject(reject) => panic!("{}", reject.message),
            })
            .collect();
        let row = |line, id: &str, title: &str, at: &str, codes: &str| {
            (line, id.to_owned(), title.to_owned(), at.to_owned(), codes.to_owned())
        };
        assert_eq!(
            found,
            [
                row(4, "330106202607010001", "井盖松动", "2026-07-01T00:05:00Z", ""),
                row(6, "330106202607010000", "井盖松动", "2026-07-01T00:05:00Z", "id_rounded"),
                row(7, "D", "", "2026-06-30T16:00:00Z", "date_without_time"),
            ]
        );
    }
}

#[test]
fn sheets_are_chosen_by_name_and_wrong_ones_are_named() {
    let book = workbook(&[
        ("a", false, &texts(1, &["id", "name"])),
        ("b", false, &(texts(1, &["id", "name"]) + &texts(2, &["P1", "王某"]))),
    ]);
    let read = |bytes: &[u8], sheet: Option<&str>| {
        let (_file, input) = input(bytes, sheet);
        Records::surveyed(&input, &ReadOptions::default(), crate::things::open::<wall_core::StaffRecord>, &|_| {})
            .map(|(_, survey)| survey.rows)
            .map_err(|e| e.to_string())
    };
    assert_eq!(read(&book, Some("b")), Ok(1));
    assert_eq!(read(&book, None), Ok(0));
    assert!(read(&book, Some("c")).unwrap_err().contains("the sheets are a, b"));
    assert!(read(b"id,name\nP1,a\n", Some("b")).unwrap_err().contains("is no workbook"));
    assert!(read(&workbook(&[("a", false, "")]), None).unwrap_err().contains("holds no rows"));
    for (bytes, expected) in [
        (&b"Rar!\x1a\x07\x01\0 and so on"[..], ".rar"),
        (b"7z\xbc\xaf\x27\x1c\0\x04 and so on", ".7z"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", ".xls"),
    ] {
        let error = read(bytes, None).unwrap_err();
        assert!(error.contains(expected) && (error.contains("save") || error.contains("unpack")), "{error}");
    }
    for (member, expected) in [("xl/workbook.bin", ".xlsb"), ("word/document.xml", ".docx"), ("content.xml", ".ods")] {
        let error = read(&packed(&[(member.to_owned(), b"x".to_vec())]), None).unwrap_err();
        assert!(error.contains(expected) && error.contains("save"), "{error}");
    }
    // Cut anywhere, it is an error or fewer rows, never a panic.
    for length in (0..book.len()).step_by(97) {
        let _ = read(&book[..length], None);
    }
}
