//! The demonstration district: made by a seeded generator, emitted as the import files users have.
