//! Is a node's memory constant? It was bought at the start: nothing in it may hold more than [`Limits`](crate::Limits)
//! says.

/// The first capacity that is exceeded, of those that [`Node::usage`](crate::Node::usage) lists.
pub(super) fn exceeded(usage: &[(&'static str, u32, u32)]) -> Option<String> {
    let (name, used, max) = usage.iter().find(|(_, used, max)| used > max)?;
    Some(format!("{name}: {used} of {max} places taken"))
}
