#![doc = include_str!("hub.md")]
