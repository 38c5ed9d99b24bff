//! The same work done by bruit and by its peers.
