//! Numbers in columns, one after the other: little-endian, `MAX` (of an index) stands for "none". What is read is checked, and
//! nothing of it is believed beyond what there is.

/// Why what was read is not believed.
pub(crate) type Doubt = &'static str;

/// It ended too early.
pub(crate) const CUT: Doubt = "it was cut short";
/// Nothing that is there could have this value.
pub(crate) const NONSENSE: Doubt = "a value of it makes no sense";
/// No index.
pub(crate) const NONE: u32 = u32::MAX;

/// Columns that are written one after the other.
pub(crate) struct Columns(pub Vec<u8>);

impl Columns {
    /// A number below 2³².
    pub fn count(&mut self, count: usize) {
        self.u32s(std::iter::once(count as u32));
    }

    /// A column.
    pub fn bytes(&mut self, values: impl Iterator<Item = u8>) {
        self.0.extend(values);
    }

    /// A column.
    pub fn u32s(&mut self, values: impl Iterator<Item = u32>) {
        values.for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
    }

    /// A column.
    pub fn i64s(&mut self, values: impl Iterator<Item = i64>) {
        values.for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
    }
}

/// Columns that are read one after the other.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, width: usize) -> Result<&'a [u8], Doubt> {
        let (head, tail) = self.0.split_at_checked(count.checked_mul(width).ok_or(CUT)?).ok_or(CUT)?;
        self.0 = tail;
        Ok(head)
    }

    /// A number below 2³².
    pub fn count(&mut self) -> Result<usize, Doubt> {
        Ok(self.u32s(1)?.next().unwrap_or(0) as usize)
    }

    /// One number.
    pub fn i64(&mut self) -> Result<i64, Doubt> {
        self.i64s(1)?.next().ok_or(CUT)
    }

    /// A column.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Doubt> {
        self.take(count, 1)
    }

    /// A column.
    pub fn u32s(&mut self, count: usize) -> Result<impl Iterator<Item = u32> + Clone + use<'a>, Doubt> {
        Ok(self.take(count, 4)?.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)))
    }

    /// A column.
    pub fn i64s(&mut self, count: usize) -> Result<impl Iterator<Item = i64> + use<'a>, Doubt> {
        Ok(self.take(count, 8)?.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)))
    }
}
