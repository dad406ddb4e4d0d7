//! From rows to records of one kind: the reader that every import of rows uses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use wall_core::{Datum, DatumChoice, Issue, IssueAction, Place};

use super::encoding::EncodingChoice;
use super::fields::FieldReader;
use super::profile::Profile;
use super::read::{Problem, Read, Reject, cut, shown};
use super::rows::{Row, Rows};
use super::sheet::SheetReport;
use super::source::{Input, Source, SourceError};
use super::tickets::Defaults;
use super::twins::{Keyed, TwinSearch, Twins, Verdict};

/// How a source is read.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadOptions {
    /// `--source`: the source of tickets that name none.
    pub source: Option<String>,
    /// `--datum`; `None` = `auto`.
    pub datum: Option<Datum>,
    /// Zone of local times when the profile names none (`--zone`).
    pub zone: Option<TimeZone>,
    /// `--encoding`.
    pub encoding: EncodingChoice,
    /// `--profile`.
    pub profile: Profile,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { source: None, datum: None, zone: None, encoding: EncodingChoice::Auto, profile: Profile::contract() }
    }
}

/// Source of tickets when neither the rows nor the command line nor the profile names one.
pub const DEFAULT_SOURCE: &str = "import";

impl ReadOptions {
    /// The source of tickets that name none, and why that: asked for, else the profile's, else always the same one. Never
    /// the name of a file: tomorrow's export of the same register has another.
    pub fn source(&self) -> (&str, &'static str) {
        match (&self.source, &self.profile.source) {
            (Some(asked), _) => (asked, "asked for"),
            (None, Some(source)) => (source, "of the profile"),
            (None, None) => (DEFAULT_SOURCE, "default"),
        }
    }

    /// The encoding to read with: asked for, else the profile's, else found out.
    ///
    /// # Errors
    /// A message when the profile names an unknown one.
    pub fn encoding(&self) -> Result<EncodingChoice, String> {
        match (self.encoding, &self.profile.encoding) {
            (EncodingChoice::Auto, Some(name)) => EncodingChoice::named(name),
            (asked, _) => Ok(asked),
        }
    }
}

/// A record and the place it was read from, as given (before the datum was applied).
pub type Placed<T> = (T, Option<Place>);

/// Reads one row of a kind.
pub type ReadRow<T> = fn(&mut FieldReader<'_>, &Defaults) -> Result<Placed<T>, Problem>;

/// The records of a source, one at a time. Memory is bounded by the longest row.
pub struct Records<T> {
    rows: Rows,
    defaults: Defaults,
    read: ReadRow<T>,
    asked: Option<Datum>,
    datum: Option<DatumChoice>,
    datum_declared: bool,
    packed: &'static str,
    twins: Twins,
}

/// What the first reading of an input found.
#[derive(Default)]
pub struct Survey {
    /// Rows.
    pub rows: u64,
    /// Rows that will be refused.
    pub refused: u64,
    /// The first of them, by line, in words.
    pub first: Option<(u64, String)>,
    /// Rows that are taken with a doubt that `--strict` does not let pass ([`DOUBTFUL`]).
    pub doubtful: u64,
    /// The first of those, by line, in words.
    pub first_doubt: Option<(u64, String)>,
    /// About how many bytes of memory its records take together.
    pub held: u64,
    /// What all its records say together ([`TwinSearch::digest`]).
    pub digest: [u8; 32],
}

/// Longest time that an input is looked through for.
const LONGEST: Duration = Duration::from_secs(900);
/// Rows between two words about how far the reading is.
const TOLD: u64 = 4_096;
/// Most memory that the records of one input take when they are held all at once.
const HELD: u64 = 192 << 20;

/// Issues of rows that are taken, but not under `--strict`.
pub const DOUBTFUL: &[&str] = &["unknown_status", "id_in_exponent_form", "id_rounded", "time_ahead"];

impl Survey {
    /// Whether all records of the input can be held at once.
    ///
    /// # Errors
    /// When not, with what to do.
    pub fn can_be_held(&self, input: &Input) -> Result<(), SourceError> {
        if self.held <= HELD {
            return Ok(());
        }
        let what = format!("its {} rows take more memory together than one import may: give them in parts", self.rows);
        Err(SourceError::Format(input.name().to_owned(), what))
    }

    fn refuse(&mut self, line: u64, message: impl FnOnce() -> String) {
        self.refused += 1;
        if self.first.as_ref().is_none_or(|(first, _)| line < *first) {
            self.first = Some((line, message()));
        }
    }
}

impl<T> Records<T> {
    /// Reads an open source.
    ///
    /// `needs`: the fields without which no row can be taken, each with its alternatives.
    ///
    /// # Errors
    /// [`SourceError`] when the source as a whole cannot be used.
    pub fn from_source(source: Source, options: &ReadOptions, needs: &[&[&str]], read: ReadRow<T>) -> Result<Self, SourceError> {
        let packed = source.packed;
        let rows = Rows::new(source, &options.profile)?;
        rows.need(&options.profile, needs)?;
        let defaults = Defaults::with_profile(options.source().0, Datum::Wgs84, options.profile.clone(), options.zone.clone());
        Ok(Self {
            rows,
            defaults,
            read,
            asked: options.datum,
            datum: None,
            datum_declared: false,
            packed,
            twins: Twins::default(),
        })
    }

    /// Which datum was taken and why. Settled by the first row; look again at the end for its warning.
    pub fn datum(&self) -> DatumChoice {
        self.datum.clone().unwrap_or_else(|| DatumChoice::new(self.asked, self.profile_datum()))
    }

    fn profile_datum(&self) -> Option<(Datum, &'static str)> {
        self.defaults.profile.datum.map(|d| (d, "in the profile"))
    }

    /// Name of the encoding. May be settled only when the first row beyond ASCII has come.
    pub fn encoding(&self) -> String {
        self.rows.encoding()
    }

    /// Which sheet of a workbook is read.
    pub fn sheet(&self) -> Option<&SheetReport> {
        self.rows.sheet()
    }

    /// `gzip`, `zip`, `xlsx` or empty.
    pub fn packed(&self) -> &'static str {
        self.packed
    }

    /// The profile in use.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.defaults.profile
    }

    fn settle_datum(&mut self) -> Result<(), String> {
        if self.datum.is_none() {
            let declared = match self.rows.declared_datum() {
                Ok(declared) => declared,
                // Whoever names the datum knows better than a file with an unknown name for it.
                Err(_) if self.asked.is_some() => None,
                Err(e) => return Err(e),
            };
            let declared = declared.as_ref().map(|(d, words)| (*d, words.as_str())).or(self.profile_datum());
            self.datum_declared = declared.is_some();
            let choice = DatumChoice::new(self.asked, declared);
            self.defaults.datum = choice.used;
            self.datum = Some(choice);
        }
        Ok(())
    }

    /// Reads these rows to their end and then, from the source opened anew, those that can be taken: of records that share
    /// a key and differ none. See [`super::twins`]. `told` hears now and then how many rows were looked through.
    ///
    /// # Errors
    /// Of either reading; the first takes a quarter of an hour at most.
    pub fn surveyed(
        input: &Input,
        options: &ReadOptions,
        open: impl Fn(Source, &ReadOptions) -> Result<Self, SourceError>,
        told: &dyn Fn(u64),
    ) -> Result<(Self, Survey), SourceError>
    where
        T: Keyed,
    {
        let encoding = options.encoding().map_err(|e| SourceError::Format(input.name().to_owned(), e))?;
        let mut survey = Survey::default();
        let mut search = TwinSearch::with_digest();
        let records = open(input.open(encoding)?, options)?;
        let since = Instant::now();
        for read in records {
            survey.rows += 1;
            if survey.rows % TOLD == 0 {
                told(survey.rows);
            }
            if since.elapsed() > LONGEST {
                let what = format!("reading it takes longer than {} minutes: give it in parts", LONGEST.as_secs() / 60);
                return Err(SourceError::Format(input.name().to_owned(), what));
            }
            match read? {
                Read::Record { line, record, issues } => {
                    if let Some(doubt) = issues.into_iter().find(|i| DOUBTFUL.contains(&i.code)) {
                        survey.doubtful += 1;
                        survey.first_doubt.get_or_insert((line, doubt.message));
                    }
                    search.add(line, &record).map_err(|e| SourceError::Format(input.name().to_owned(), e))?;
                }
                Read::Reject(reject) => survey.refuse(reject.line, || reject.message),
            }
        }
        survey.held = search.held();
        survey.digest = search.digest();
        let mut records = open(input.open(encoding)?, options)?;
        records.twins = search.finish();
        for line in records.twins.conflicting_lines() {
            survey.refuse(line, || "its key is given to different records".to_owned());
        }
        Ok((records, survey))
    }
}

impl<T: Keyed> Records<T> {
    fn record(&mut self, row: Row) -> Read<T> {
        let Row { line, raw, fields, notes } = row;
        let reject = |problem: Problem, raw: &str| {
            Read::Reject(Reject { line, reason_code: problem.code, message: problem.message, raw: cut(raw, Reject::MAX_RAW) })
        };
        let fields = match fields {
            Ok(fields) => fields,
            Err(problem) => return reject(problem, &raw),
        };
        let mut reader = FieldReader::new(&fields, &self.defaults.profile, line);
        match (self.read)(&mut reader, &self.defaults) {
            Err(problem) => reject(problem, &raw),
            Ok((record, given)) => {
                match self.twins.verdict(line, &record) {
                    Verdict::Alone => {}
                    Verdict::Repeated(first) => {
                        let (field, key) = record.key_words();
                        let message = format!("{field} {} is in row {first} already, with the same content", shown(key));
                        reader.notes.kept("repeated_row", message);
                    }
                    Verdict::Conflict(problem) => return reject(problem, &raw),
                }
                if let (Some(choice), Some(given)) = (&mut self.datum, given) {
                    let declared = self.datum_declared || reader.text("datum").is_some();
                    choice.look_at(given, declared);
                }
                let mut issues: Vec<Issue> = notes
                    .into_iter()
                    .map(|n| Issue { at: line, code: n.code, message: n.message, action: IssueAction::Repaired, place: None })
                    .collect();
                issues.extend(reader.notes.into_issues());
                Read::Record { line, record, issues }
            }
        }
    }
}

impl<T: Keyed> Iterator for Records<T> {
    type Item = Result<Read<T>, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.rows.next()? {
            Ok(row) => row,
            Err(e) => return Some(Err(e)),
        };
        if let Err(message) = self.settle_datum() {
            return Some(Err(SourceError::Format("the source".to_owned(), message)));
        }
        Some(Ok(self.record(row)))
    }
}
