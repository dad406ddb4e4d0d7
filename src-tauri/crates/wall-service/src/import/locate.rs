//! `locate`: the same rows, with the cell each point is in. Streams in constant memory, answered on all processors.

use std::fmt::Write as _;
use std::io::{self, Write};

use wall_core::Place;

use super::delimited::{self, RowCutter, sniff_delimiter};
use super::fields::{Header, coordinates, number};
use super::sheet::Sheet;
use super::source::{Source, SourceError};
use crate::{threads::in_order, wall::LocateAnswer};

/// Rows that are answered together.
const TOGETHER: usize = 2_048;

/// Where the accuracy of a point comes from.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Accuracy {
    /// Not known.
    #[default]
    None,
    /// The same for every row, metres.
    Metres(f64),
    /// A column, metres.
    Column(String),
}

/// The columns of the points.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LocateColumns {
    /// Longitude; `None` = `lon`, `lng`, `longitude` or `x`.
    pub lon: Option<String>,
    /// Latitude; `None` = `lat`, `latitude` or `y`.
    pub lat: Option<String>,
    /// Accuracy.
    pub accuracy: Accuracy,
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LocateCounts {
    /// Rows read and written.
    pub rows: u64,
    /// In a cell.
    pub inside: u64,
    /// In no cell.
    pub outside: u64,
    /// Without usable coordinates: written with empty answers.
    pub without_place: u64,
}

impl LocateCounts {
    fn add(&mut self, more: Self) {
        self.rows += more.rows;
        self.inside += more.inside;
        self.outside += more.outside;
        self.without_place += more.without_place;
    }
}

const ANSWERS: [&str; 4] = ["cell_code", "cell_name", "edge_m", "candidates"];

/// The rows of a delimited file, or of the sheet of a workbook.
enum Table {
    Delimited { rows: Box<RowCutter<Source>>, delimiter: u8 },
    Sheet(Sheet),
}

impl Table {
    fn of(mut source: Source) -> Self {
        if let Some(sheet) = source.sheet.take() {
            return Self::Sheet(sheet);
        }
        let sample = source.sample().to_vec();
        let delimiter = sniff_delimiter(&sample);
        Self::Delimited { rows: Box::new(RowCutter::new(source, delimiter, &sample)), delimiter }
    }

    fn delimiter(&self) -> u8 {
        match self {
            Self::Delimited { delimiter, .. } => *delimiter,
            Self::Sheet(_) => b',',
        }
    }

    fn header(&mut self) -> io::Result<Option<Vec<String>>> {
        match self {
            Self::Delimited { delimiter, .. } => {
                let delimiter = *delimiter;
                Ok(self.next_row()?.map(|row| row.values(delimiter).0))
            }
            Self::Sheet(sheet) => Ok(Some(sheet.header.clone())),
        }
    }

    fn next_row(&mut self) -> io::Result<Option<Row>> {
        match self {
            Self::Delimited { rows, .. } => {
                let Some(raw) = rows.next_row()? else { return Ok(None) };
                let text = rows.get_mut().decoder.decode(&raw.bytes).0.into_owned();
                Ok(Some(Row::Text { text, loose_quote: raw.loose_quote, cut: raw.too_long }))
            }
            Self::Sheet(sheet) => Ok(sheet.next_row()?.map(|(_, values)| Row::Values(values))),
        }
    }

    /// The next rows; none at the end.
    fn next_rows(&mut self) -> io::Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(TOGETHER);
        while rows.len() < TOGETHER
            && let Some(row) = self.next_row()?
        {
            rows.push(row);
        }
        Ok(rows)
    }
}

/// A row that was read.
enum Row {
    Text {
        text: String,
        loose_quote: bool,
        /// Whether it was cut because it is too long.
        cut: bool,
    },
    Values(Vec<String>),
}

impl Row {
    /// Its values, and whether it was cut.
    fn values(self, delimiter: u8) -> (Vec<String>, bool) {
        match self {
            Self::Text { text, loose_quote, cut } => (delimited::fields(&text, delimiter, loose_quote), cut),
            Self::Values(values) => (values, false),
        }
    }
}

/// Where in a row the point stands, and how rows are written.
struct Shape {
    lon: usize,
    lat: usize,
    accuracy: Accuracy,
    accuracy_at: Option<usize>,
    width: usize,
    delimiter: u8,
}

impl Shape {
    fn writer<W: Write>(&self, out: W) -> csv::Writer<W> {
        csv::WriterBuilder::new().delimiter(self.delimiter).flexible(true).from_writer(out)
    }

    /// Rows with their answers as they are written.
    fn answered<'a>(
        &self,
        rows: Vec<Row>,
        find: &impl Fn(Place, Option<f64>) -> LocateAnswer<'a>,
    ) -> Result<(Vec<u8>, LocateCounts), csv::Error> {
        let (mut counts, mut writer) = (LocateCounts::default(), self.writer(Vec::with_capacity(rows.len() * 80)));
        let mut edge = String::new();
        for row in rows {
            let (mut values, cut) = row.values(self.delimiter);
            // With more fields than columns nobody knows which is the longitude; they follow behind the answers.
            let surplus = if values.len() > self.width { values.split_off(self.width) } else { Vec::new() };
            let shifted = cut || surplus.iter().any(|v| !v.trim().is_empty());
            values.resize(self.width, String::new());
            let place = if shifted { None } else { coordinates(values[self.lon].trim(), values[self.lat].trim()).ok() };
            let metres = match (&self.accuracy, self.accuracy_at) {
                (Accuracy::Metres(m), _) => Some(*m),
                (_, Some(at)) => number(values[at].trim()).filter(|m| *m >= 0.0),
                _ => None,
            };
            let answer = place.map(|p| find(p, metres));
            counts.rows += 1;
            match &answer {
                None => counts.without_place += 1,
                Some(a) if a.cell_code.is_empty() => counts.outside += 1,
                Some(_) => counts.inside += 1,
            }
            let answer = answer.unwrap_or_default();
            edge.clear();
            if let Some(m) = answer.edge_m {
                // Texts take everything.
                let _ = write!(edge, "{m:.4}");
            }
            let candidates = answer.candidates.join(";");
            let answers = [answer.cell_code, answer.cell_name, &edge, &candidates];
            let row = values.iter().map(String::as_str).chain(answers).chain(surplus.iter().map(String::as_str));
            writer.write_record(row)?;
        }
        let bytes = writer.into_inner().map_err(|e| csv::Error::from(io::Error::other(e.to_string())))?;
        Ok((bytes, counts))
    }
}

/// Writes every row of `source` (CSV or the sheet of a workbook) to `out` with the answer of `find` for its point.
///
/// `find` gets the place as given (the datum is the caller's matter) and the accuracy in metres. Rows whose coordinates
/// cannot be used keep empty answers. The output is UTF-8 with the delimiter of the input (a comma for a workbook).
///
/// # Errors
/// The source as a whole: unreadable, or without columns for the coordinates; or `out`.
pub fn locate_rows<'a>(
    source: Source,
    columns: &LocateColumns,
    mut out: impl Write,
    find: impl Fn(Place, Option<f64>) -> LocateAnswer<'a> + Sync,
) -> Result<LocateCounts, SourceError> {
    let name = source.name.clone();
    let io_error = |e: io::Error| SourceError::Io(name.clone(), e);
    // What the system said is kept: a reader that went away (`| head`) is no failure.
    let csv_error = |e: csv::Error| {
        let words = e.to_string();
        let error = match e.into_kind() {
            csv::ErrorKind::Io(error) => error,
            _ => io::Error::other(words),
        };
        SourceError::Io("output".to_owned(), error)
    };
    let unusable = |what: String| SourceError::Format(name.clone(), what);
    let mut table = Table::of(source);
    let delimiter = table.delimiter();
    let names = table.header().map_err(io_error)?.ok_or_else(|| unusable("is empty".to_owned()))?;
    let header = Header::new(names);
    let column = |asked: &Option<String>, guesses: &[&str]| -> Result<usize, SourceError> {
        let wanted: Vec<String> = match asked {
            Some(name) => vec![super::profile::normal_name(name)],
            None => guesses.iter().map(|g| (*g).to_owned()).collect(),
        };
        wanted
            .iter()
            .find_map(|w| header.position(w))
            .ok_or_else(|| unusable(format!("no column {}; the columns are {}", wanted.join(" or "), header.names().join(", "))))
    };
    let lon = column(&columns.lon, &["lon", "lng", "longitude", "long", "x", "经度"])?;
    let lat = column(&columns.lat, &["lat", "latitude", "y", "纬度"])?;
    let accuracy_at = match &columns.accuracy {
        Accuracy::Column(name) => Some(column(&Some(name.clone()), &[])?),
        _ => None,
    };
    let shape = Shape { lon, lat, accuracy: columns.accuracy.clone(), accuracy_at, width: header.names().len(), delimiter };
    let mut head = shape.writer(&mut out);
    head.write_record(header.names().iter().map(String::as_str).chain(ANSWERS)).map_err(csv_error)?;
    head.flush().map_err(|e| SourceError::Io("output".to_owned(), e))?;
    drop(head);
    let mut counts = LocateCounts::default();
    let next = || match table.next_rows() {
        Ok(rows) if rows.is_empty() => None,
        rows => Some(rows.map_err(io_error)),
    };
    let answered = |rows: Result<Vec<Row>, SourceError>| shape.answered(rows?, &find).map_err(csv_error);
    in_order(next, answered, |done| {
        let (bytes, of_these) = done?;
        out.write_all(&bytes).map_err(|e| SourceError::Io("output".to_owned(), e))?;
        counts.add(of_these);
        Ok(())
    })?;
    out.flush().map_err(|e| SourceError::Io("output".to_owned(), e))?;
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::EncodingChoice;

    fn run(text: &[u8], columns: &LocateColumns) -> Result<(String, LocateCounts), SourceError> {
        let reader = Box::new(io::Cursor::new(text.to_vec()));
        let source = Source::from_reader("p.csv", reader, EncodingChoice::Auto)?;
        let mut out = Vec::new();
        let counts = locate_rows(source, columns, &mut out, |p, accuracy| LocateAnswer {
            cell_code: if p.lon > 0.0 { "E1" } else { "" },
            cell_name: if p.lon > 0.0 { "东,一" } else { "" },
            edge_m: (p.lon > 0.0).then_some(12.5),
            candidates: if accuracy == Some(30.0) { vec!["E1", "E2"] } else { Vec::new() },
        })?;
        Ok((String::from_utf8(out).unwrap(), counts))
    }

    #[test]
    fn rows_stay_and_answers_follow() {
        let text = "id,Longitude,LAT,acc\na,1,2,30\nb,-1,2,\nc,,2,\nd,1\ne,200,2,\nf,1,2,30,surplus\n\"g \"\"q\"\"\",1e0,２,x\n";
        let columns = LocateColumns { accuracy: Accuracy::Column("ACC".to_owned()), ..LocateColumns::default() };
        let (out, counts) = run(text.as_bytes(), &columns).unwrap();
        let expected = "id,Longitude,LAT,acc,cell_code,cell_name,edge_m,candidates\n\
            a,1,2,30,E1,\"东,一\",12.5000,E1;E2\n\
            b,-1,2,,,,,\n\
            c,,2,,,,,\n\
            d,1,,,,,,\n\
            e,200,2,,,,,\n\
            f,1,2,30,,,,,surplus\n\
            \"g \"\"q\"\"\",1e0,２,x,E1,\"东,一\",12.5000,\n";
        assert_eq!(out, expected);
        assert_eq!(counts, LocateCounts { rows: 7, inside: 2, outside: 1, without_place: 4 });
    }

    #[test]
    fn the_sheet_of_a_workbook_reads_like_a_table() {
        let text = |cell: &str, value: &str| format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{value}</t></is></c>");
        let number = |cell: &str, value: &str| format!("<c r=\"{cell}\"><v>{value}</v></c>");
        let rows = format!(
            "<row r=\"1\">{}{}{}</row><row r=\"3\">{}{}{}</row>",
            text("A1", "id"),
            text("B1", "lon"),
            text("C1", "lat"),
            text("A3", "a,b"),
            number("B3", "1"),
            number("C3", "2")
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&crate::import::sheet_tests::workbook(&[("a", false, &rows)])).unwrap();
        let source = crate::import::Input::new(file.path().to_str().unwrap()).unwrap().open(EncodingChoice::Auto).unwrap();
        let (mut out, asked) = (Vec::new(), std::sync::Mutex::new(Vec::new()));
        let find = |place, _| {
            asked.lock().unwrap().push(place);
            LocateAnswer::default()
        };
        let counts = locate_rows(source, &LocateColumns::default(), &mut out, find).unwrap();
        let asked = asked.into_inner().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "id,lon,lat,cell_code,cell_name,edge_m,candidates\n\"a,b\",1,2,,,,\n");
        assert_eq!((asked, counts.rows), (vec![Place { lon: 1.0, lat: 2.0 }], 1));
    }

    #[test]
    fn columns_by_name_and_the_lack_of_them() {
        let named =
            LocateColumns { lon: Some("东经".to_owned()), lat: Some("北纬".to_owned()), accuracy: Accuracy::Metres(30.0) };
        let gb = encoding_rs::GB18030.encode("东经;北纬\n1;2\n").0.into_owned();
        assert!(run(&gb, &named).unwrap().0.ends_with("1;2;E1;东,一;12.5000;\"E1;E2\"\n"));
        assert!(run(b"a,b\n1,2\n", &LocateColumns::default()).unwrap_err().to_string().contains("no column lon"));
        assert!(run(b"", &LocateColumns::default()).is_err());
    }
}
