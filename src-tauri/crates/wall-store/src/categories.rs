//! Categories with their deadlines, by kind, code, standard and edition.

use crate::{
    Store, StoreError, Upserts, WriteTx,
    changes::ChangeKind,
    db::{Row, Value, sql},
    upserts::Keyed,
};
use wall_core::{Absent, Category, CategoryId, CategoryRecord, DeadlineKind, Platform, Severity, UtcMs};

impl Keyed<4, 8> for CategoryRecord {
    const KIND: ChangeKind = ChangeKind::Category;
    const KEY: [&'static str; 4] = ["kind", "code", "standard", "edition"];
    const COLUMNS: [&'static str; 8] =
        ["name", "platform", "default_severity", "deadline_s", "deadline_kind", "valid_from", "valid_to", "sensitive"];

    fn key(&self) -> [&str; 4] {
        [&self.kind, &self.code, &self.standard, &self.edition]
    }

    fn values(&self) -> [Value; 8] {
        [
            (&self.name).into(),
            self.platform.map(Platform::code).into(),
            self.default_severity.map(|s| i64::from(s.get())).into(),
            self.deadline_s.into(),
            self.deadline_kind.code().into(),
            self.valid_from.into(),
            self.valid_to.into(),
            self.sensitive.into(),
        ]
    }

    fn absent(&self) -> &Absent {
        &self.absent
    }
}

impl WriteTx {
    /// Writes categories by kind, code, standard and edition.
    pub async fn put_categories(&mut self, records: &[CategoryRecord]) -> Result<Upserts, StoreError> {
        self.put_keyed(records).await
    }
}

impl Store {
    /// All categories with their validity: `(category, valid_from, valid_to)`.
    pub async fn categories(&self) -> Result<Vec<(Category, Option<UtcMs>, Option<UtcMs>)>, StoreError> {
        let categories = sql("SELECT id, kind, code, name, platform, default_severity, deadline_s, deadline_kind, sensitive, \
             valid_from, valid_to FROM category ORDER BY id");
        let category = |r: &Row| {
            let severity: Option<i64> = r.get("default_severity")?;
            let category = Category {
                id: CategoryId(r.get("id")?),
                kind: r.get("kind")?,
                code: r.get("code")?,
                name: r.get("name")?,
                platform: r.get::<Option<&str>>("platform")?.and_then(Platform::from_code),
                default_severity: severity.and_then(|s| Severity::new(u8::try_from(s).ok()?)),
                deadline_s: r.get("deadline_s")?,
                deadline_kind: r.word("category", "deadline_kind", DeadlineKind::from_code)?,
                sensitive: r.get("sensitive")?,
            };
            Ok((category, r.get("valid_from")?, r.get("valid_to")?))
        };
        self.inner.read.rows(categories).await?.iter().map(category).collect()
    }
}
