//! What is said of state over the control socket: `asked` (requests) and `documents` (answers, which are what `--json` prints).

pub mod asked;
pub mod documents;
