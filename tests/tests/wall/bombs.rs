//! Files of rows that would become large or slow: each has an answer in words, and no process of the program takes more than
//! 512 MiB for it. The tests make the bombs themselves.

use crate::import_four;
use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wall_tests::{DataDir, Finished, until};

/// A part of an archive, or of a packed stream: pieces, each so many times.
type Part<'a> = &'a [(&'a str, usize)];

fn written(out: &mut impl Write, part: Part<'_>) -> u32 {
    let mut crc = Crc::new();
    for (piece, times) in part {
        for _ in 0..*times {
            out.write_all(piece.as_bytes()).unwrap();
            crc.update(piece.as_bytes());
        }
    }
    crc.sum()
}

fn gzip(part: Part<'_>) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    written(&mut out, part);
    out.finish().unwrap()
}

fn zip(members: &[(&str, Part<'_>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, part) in members {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        let crc = written(&mut packed, part);
        let unpacked: usize = part.iter().map(|(piece, times)| piece.len() * times).sum();
        let packed = packed.finish().unwrap();
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((unpacked as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = (out.len() as u32).to_le_bytes();
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(common);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
    }
    let (size, offset) = (directory.len() as u32, out.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([(members.len() as u16).to_le_bytes(), (members.len() as u16).to_le_bytes()].concat());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A workbook with one sheet of these rows and these shared texts.
fn workbook(rows: Part<'_>, texts: Part<'_>) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let to =
        |id: &str, kind: &str, target: &str| format!("<Relationship Id=\"{id}\" Type=\"{RELS}/{kind}\" Target=\"{target}\"/>");
    let rels = |inner: &str| format!("<Relationships xmlns=\"{PACKAGE}\">{inner}</Relationships>");
    let root = rels(&to("rId1", "officeDocument", "xl/workbook.xml"));
    let book = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELS}\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let parts = rels(&(to("rId1", "worksheet", "worksheets/sheet1.xml") + &to("rIdS", "sharedStrings", "sharedStrings.xml")));
    let (texts_head, sheet_head) = (format!("<sst xmlns=\"{MAIN}\">"), format!("<worksheet xmlns=\"{MAIN}\">"));
    let texts = [&[(texts_head.as_str(), 1)][..], texts, &[("</sst>", 1)]].concat();
    let rows = [&[(sheet_head.as_str(), 1)][..], rows, &[("</worksheet>", 1)]].concat();
    zip(&[
        ("_rels/.rels", &[(&root, 1)]),
        ("xl/workbook.xml", &[(&book, 1)]),
        ("xl/_rels/workbook.xml.rels", &[(&parts, 1)]),
        ("xl/sharedStrings.xml", &texts),
        ("xl/worksheets/sheet1.xml", &rows),
    ])
}

const HEADER: &str =
    "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>id</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>name</t></is></c></row>";
const PERSON: &str =
    "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>P1</t></is></c><c r=\"B2\" t=\"inlineStr\"><is><t>王</t></is></c></row>";

/// Most memory that a process and those it started have taken so far, KiB.
fn peak(pid: u32) -> u64 {
    let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
    let own = read(format!("/proc/{pid}/status"));
    let own = own.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
    let children = read(format!("/proc/{pid}/task/{pid}/children"));
    children.split_whitespace().filter_map(|c| c.parse().ok()).map(peak).chain(own).max().unwrap_or(0)
}

/// Runs a command; how it ended, how long it took, and the most memory that one process of it took, MiB.
fn watched(mut command: Command) -> (Finished, Duration, u64) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(child.id()));
        std::thread::sleep(Duration::from_millis(3));
    }
    let out = child.wait_with_output().unwrap();
    let finished = Finished {
        code: out.status.code().unwrap_or(-1),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    };
    (finished, began.elapsed(), most >> 10)
}

/// Imports a file that must be answered with this code and these words, within the ceilings.
#[track_caller]
fn answered(name: &str, content: &[u8], kind: &str, code: i32, words: &str) -> Finished {
    let data = DataDir::new();
    let file = data.file(name, content);
    let mut command = data.command();
    command.args(["--json", "import", kind, file.to_str().unwrap(), "--dry-run"]);
    let (finished, took, most) = watched(command);
    println!("{name} ({} KiB): {took:?}, {most} MiB, {}", content.len() >> 10, finished.stderr.trim());
    assert_eq!(finished.code, code, "{name}: {finished:?}");
    assert!(finished.stderr.contains(words) || finished.stdout.contains(words), "{name}: {finished:?}");
    assert!(most > 1 && most <= 512, "{name}: {most} MiB");
    assert!(took < Duration::from_secs(240), "{name}: {took:?}");
    finished
}

#[test]
fn packed_nothings_are_not_unpacked() {
    let blank = " ".repeat(1 << 20);
    let rows: Part<'_> = &[("id,name\nP1,a\n", 1), (&blank, 128)];
    answered("staff.csv.gz", &gzip(rows), "staff", 3, "unpack it first");
    answered("staff.zip", &zip(&[("staff.csv", rows)]), "staff", 3, "unpack it first");
    // Rows that shrink as well as real ones never do, each a row.
    let row = format!("P1,{}\n", "a".repeat(10_000));
    let many: Part<'_> = &[("id,name\n", 1), (&row, 4_000)];
    answered("many.csv.gz", &gzip(many), "staff", 3, "unpack it first");
}

#[test]
fn workbooks_are_read_within_limits() {
    fn sound<'a>(rows: Part<'a>) -> Vec<(&'a str, usize)> {
        [&[("<sheetData>", 1), (HEADER, 1)][..], rows, &[("</sheetData>", 1)]].concat()
    }
    let report = answered("sound.xlsx", &workbook(&sound(&[(PERSON, 1)]), &[]), "staff", 0, "\"read\":1").json();
    assert_eq!(report["sheet"]["used"], "a");
    // Shared texts are held in memory: many that are packed to nothing …
    answered("texts.xlsx", &workbook(&sound(&[(PERSON, 1)]), &[("<si/>", 13_000_000)]), "staff", 3, "save the sheet as CSV");
    // … many beside something that does not shrink …
    let mut dice = 1u64;
    let noise: String = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:016x}", dice ^ (dice >> 29))
    })
    .take(200_000)
    .collect();
    let texts: Part<'_> = &[("<!--", 1), (&noise, 1), ("-->", 1), ("<si><t>ab</t></si>", 1_000_000)];
    answered("many-texts.xlsx", &workbook(&sound(&[(PERSON, 1)]), texts), "staff", 0, "\"read\":1");
    // … or one that is large.
    let long = "x".repeat(1 << 20);
    let one: Part<'_> = &[("<si><t>", 1), (&long, 100), ("</t></si>", 1)];
    answered("text.xlsx", &workbook(&sound(&[(PERSON, 1)]), one), "staff", 3, "save the sheet as CSV");
    // A row that is a million columns wide.
    let wide: Part<'_> = &[("<row r=\"2\">", 1), ("<c><v>1</v></c>", 1_000_000), ("</row>", 1)];
    answered("wide.xlsx", &workbook(&sound(wide), &[]), "staff", 3, "save it as CSV, in parts");
    // A sheet that says it is as large as a sheet can be, and holds one row.
    let claims = [&[("<dimension ref=\"A1:XFD1048576\"/>", 1)][..], &sound(&[(PERSON, 1)])].concat();
    answered("claims.xlsx", &workbook(&claims, &[]), "staff", 0, "\"read\":1");
    let last = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t>x</t></is></c></row>";
    answered("last.xlsx", &workbook(&sound(&[(PERSON, 1), (last, 1)]), &[]), "staff", 0, "\"read\":2");
    answered("cut.xlsx", &workbook(&sound(&[(PERSON, 1)]), &[])[..900], "staff", 3, "damaged");
}

#[test]
fn documents_whose_values_cost_more_than_their_bytes_are_bounded() {
    let deep = "[".repeat(2_000_000);
    answered("deep.json", deep.as_bytes(), "staff", 3, "breaks off");
    let nested = format!("[{{\"id\":\"P1\",\"name\":{}1{}}}]", "[".repeat(500_000), "]".repeat(500_000));
    answered("nested.json", nested.as_bytes(), "staff", 3, "recursion limit");
    // The values of one item, and of one that is longer than an item may be.
    let heavy = |n: usize| format!("[{{\"id\":\"P1\",\"name\":[{}0]}}]", "{\"a\":0},".repeat(n));
    answered("heavy.json", heavy(500_000).as_bytes(), "staff", 0, "\"read\":1");
    answered("heavier.json", heavy(3_000_000).as_bytes(), "staff", 3, "longer than a row may be");
}

#[test]
fn a_line_without_an_end_is_one_refused_row() {
    let data = DataDir::new();
    let file = data.file("staff.csv", "id,name\nP1,a\nP2,");
    // More than the ceiling, on no disk.
    std::fs::File::options().append(true).open(&file).unwrap().set_len(600 << 20).unwrap();
    let mut command = data.command();
    command.args(["--json", "import", "staff", file.to_str().unwrap(), "--dry-run"]);
    let (finished, took, most) = watched(command);
    println!("a line of 600 MiB: {took:?}, {most} MiB");
    let report = finished.expect(0).json();
    assert_eq!((report["read"].as_u64(), report["rejected"].as_u64()), (Some(2), Some(1)), "{report}");
    assert_eq!(report["issues"][0]["code"], "row_too_long", "{report}");
    assert!(most > 1 && most <= 512, "{most} MiB");
}

#[test]
fn an_input_without_an_end_is_answered_when_it_is_told_to_stop() {
    let data = DataDir::new();
    import_four(&data);
    let stop = |mut child: std::process::Child| {
        let began = Instant::now();
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        child.wait().unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "stopped after {:?}", began.elapsed());
    };
    // Rows that never end, while they are put aside.
    let mut command = data.command();
    command.args(["import", "tickets", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut rows = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        let line = "t,drain,x,10.005,50.005,2026-01-01T08:00:00Z\n".repeat(1_000);
        while rows.write_all(line.as_bytes()).is_ok() {}
    });
    std::thread::sleep(Duration::from_millis(500));
    stop(child);
    writing.join().unwrap();
    // A long import in the middle: what it took has its line, and the same file again takes the rest.
    let rows: String = (0..60_000).map(|i| format!("t{i},drain,x,10.00{},50.005,2026-01-01T08:00:00Z\n", i % 10)).collect();
    let file = data.file("tickets.csv", format!("external_id,category,title,lon,lat,reported_at\n{rows}"));
    let mut command = data.command();
    command.args(["import", "tickets", file.to_str().unwrap(), "--source", "test"]).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let stored = || data.json(["doctor"])["tickets"].as_u64();
    let some = until("the first chunk", || stored().filter(|n| *n > 0));
    stop(child);
    let some = stored().unwrap().max(some);
    assert!(some < 60_000, "it was over before it was stopped");
    let audit = data.file("audit.ndjson", "");
    std::fs::remove_file(&audit).unwrap();
    data.run(["audit", "export", audit.to_str().unwrap()]).expect(0);
    let chunks: u64 = std::fs::read_to_string(audit)
        .unwrap()
        .lines()
        .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
        .filter(|l| l["action"] == "import.tickets.chunk")
        .filter_map(|l| {
            let detail = &l["detail"];
            let detail = detail.as_str().map_or_else(|| detail.clone(), |t| serde_json::from_str(t).unwrap());
            detail["created"].as_u64()
        })
        .sum();
    assert_eq!(chunks, some, "every ticket that is there has its line");
    let again = data.json(["import", "tickets", file.to_str().unwrap(), "--source", "test"]);
    assert_eq!((again["unchanged"].as_u64(), again["created"].as_u64()), (Some(some), Some(60_000 - some)), "{again}");
}
