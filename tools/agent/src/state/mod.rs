//! What is said of state over the control socket: `asked` (requests) and `documents` (answers, which are what `--json` prints); and the
//! `spelling` of keys, for people.

pub mod asked;
pub mod documents;
pub mod spelling;
