#![doc = include_str!("postgres.md")]
