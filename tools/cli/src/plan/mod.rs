//! What does the planner tell a person? Inputs from the command line, figures, a document, tables and curves.

pub mod demand;
pub mod document;
pub mod figures;
pub mod inputs;
pub mod picture;
pub mod sweep;
pub mod text;
