//! Does the cluster obey the rules that others learned the hard way? Real nodes on the virtual network, one test for each
//! rule; a test that cites `R3` or `M8` shows that rule.
//!
//! Every test draws everything from a seed, which each panic prints; it asserts first that what it is about has happened
//! at all (datagrams lost, suspicions raised, refutations made), then what follows from it.

mod capacity;
mod detection;
mod full_size;
mod histories;
mod identity;
mod join;
mod links;
mod one_way;
mod overload;
mod recovery;
mod storms;
mod support;
mod world;
