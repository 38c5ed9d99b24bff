//! Does anybody still wait for the answer? What takes long ends when the client has gone.

use std::io::Write;
use std::os::unix::net::UnixStream;

/// Whoever has sent a request and waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a>(&'a UnixStream);

impl<'a> Asker<'a> {
    /// At the other end of a connection.
    pub const fn new(stream: &'a UnixStream) -> Self {
        Self(stream)
    }

    /// Whether it has closed its end. One that has only said that it will ask nothing more still reads.
    pub fn has_gone(&self) -> bool {
        // Nothing is written, but for nobody that fails.
        let mut stream = self.0;
        stream.write(&[]).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Shutdown;

    #[test]
    fn who_asks_nothing_more_waits_still_and_who_has_closed_does_not() {
        let (agent, client) = UnixStream::pair().expect("sockets");
        let asker = Asker::new(&agent);
        assert!(!asker.has_gone());
        client.shutdown(Shutdown::Write).expect("it is open");
        assert!(!asker.has_gone());
        drop(client);
        assert!(asker.has_gone());
    }
}
