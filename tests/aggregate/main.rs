//! What do the numbers of all members come to: over what everybody holds, and by averaging?

mod averaging;
mod churn;
mod cost;
mod folding;
mod support;
