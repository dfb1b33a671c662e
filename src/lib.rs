pub mod mapped_file;
pub mod model;
pub mod vectors;
