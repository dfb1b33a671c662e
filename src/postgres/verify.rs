//! The check of an index: whether its tables agree with each other.
//!
//! The server checks its pages itself; what is checked here is what programs can do to tables.

use roaring::RoaringBitmap;

use super::snapshot::PostgresSnapshot;
use crate::corpus::contextual_text;
use crate::index::{Damage, Error, Fault, TextHash};

impl PostgresSnapshot {
    /// What is damaged.
    pub(super) fn verify(&self) -> Result<Vec<Fault>, Error> {
        let mut found = Vec::new();
        let query =
            "SELECT passages.id FROM passages JOIN sources ON sources.id = source WHERE state = 'visible'";
        let visible: RoaringBitmap = self.rows_of(query, &[])?;
        if visible != self.live {
            found.push(Damage::LiveRows { live: self.live.len(), visible: visible.len() });
        }
        let query = "SELECT count(*) FROM sources WHERE state = 'visible'
                     AND (document_count, passage_count) IS DISTINCT FROM
                         ((SELECT count(*) FROM documents WHERE source = sources.id),
                          (SELECT count(*) FROM passages WHERE source = sources.id))";
        let count: i64 = self.connection().one(query, &[])?.get(0);
        if count > 0 {
            found.push(Damage::SourceCounts { count: count.cast_unsigned() });
        }
        let count = self.texts_without_their_hash()?;
        if count > 0 {
            found.push(Damage::Texts { count });
        }
        let query = "SELECT count(*) FROM passages WHERE abs(vector_norm(vector) - 1) > 0.001";
        let count: i64 = self.connection().one(query, &[])?.get(0);
        if count > 0 {
            found.push(Damage::Vectors { generation: self.generation });
        }
        Ok(found.into_iter().map(|what| Fault { path: self.connection().place().to_owned(), what }).collect())
    }

    /// The number of texts that do not match their hashes. Texts that had a NUL character have the hash of what they were.
    fn texts_without_their_hash(&self) -> Result<u64, Error> {
        let (mut count, mut last) = (0, -1_i64);
        loop {
            let query =
                "SELECT id, context, text, text_hash FROM passages WHERE id > $1 ORDER BY id LIMIT 4096";
            let rows = self.connection().query(query, &[&last])?;
            for row in &rows {
                last = row.get(0);
                let text = contextual_text(row.get(1), row.get(2));
                let is_equal = TextHash::of(&text).as_bytes()[..] == row.get::<_, Vec<u8>>(3)[..];
                count += u64::from(!is_equal && !text.contains('\u{fffd}'));
            }
            if rows.is_empty() {
                return Ok(count);
            }
        }
    }
}
