//! The map of the crate documentation, enforced on the sources: layers of modules, no circle of files, a library that does
//! not know the program, and a program that asks the engine.

mod imports;
mod rules;
