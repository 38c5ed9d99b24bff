//! How often did the loop do what, and what did the kernel refuse? Plain fields of the loop.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Everything the loop counts since its start.
        #[derive(Clone, Debug, Default)]
        pub(super) struct IoCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl IoCounters {
            /// Their names, in a fixed order.
            pub(super) const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Their values, in the same order.
            pub(super) fn values(&self) -> [u64; Self::NAMES.len()] {
                [$(self.$name,)*]
            }
        }
    };
}

counters! {
    /// Rounds of the node.
    rounds,
    /// Of these, those that a time-out began.
    timeouts,
    /// Times that the loop slept, or asked whether it should; where nodes share one, those that ended for the sake of this one first.
    polls,
    /// Receiving system calls.
    receive_calls,
    /// Datagrams received.
    received,
    /// Datagrams received that were longer than `max_datagram` and so cut off; the node drops and counts them as well.
    received_too_long,
    /// Datagrams without a sender's address that the node could answer.
    received_nameless,
    /// Datagrams that the kernel dropped because its buffer was full.
    kernel_drops,
    /// Receiving calls that returned some error beside "nothing there"; they are repeated.
    receive_errors,
    /// Sending system calls.
    send_calls,
    /// Datagrams that the kernel took.
    sent,
    /// Sends repeated because the error belonged to an earlier datagram.
    send_repeated,
    /// Datagrams lost in sending: a firewall forbids it (EPERM).
    lost_forbidden,
    /// Datagrams lost in sending: no buffers (ENOBUFS).
    lost_no_buffers,
    /// Datagrams lost in sending: longer than the interface takes (EMSGSIZE).
    lost_too_long,
    /// Datagrams lost in sending: no route (ENETUNREACH, EHOSTUNREACH).
    lost_no_route,
    /// Datagrams lost in sending: refused (ECONNREFUSED).
    lost_refused,
    /// Datagrams lost in sending: the socket's buffer was full (EAGAIN).
    lost_full,
    /// Datagrams lost in sending: an IPv6 address, and an IPv4 socket.
    lost_family,
    /// Datagrams lost in sending for any other reason.
    lost_other,
    /// Times that ICMP said that nobody listens where a datagram was sent.
    port_unreachable,
    /// Other entries of the socket's error queue.
    errors_other,
    /// Times that the kernel refused batches while running; datagrams go one by one since then.
    batches_refused,
    /// Commands taken from the queue.
    commands,
    /// Events lost because nobody read them.
    events_lost,
    /// Publications taken from the queue.
    rumors_taken,
    /// Of these, those that the node refused.
    rumors_refused,
    /// Rumors lost to the embedder because it did not read them; they may be read again.
    rumors_unread,
    /// Changes of watched keys lost because nobody read them in time.
    changes_unread,
    /// Times that figures were written for a reader.
    publications,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_listed_in_the_order_of_its_name() {
        let counters = IoCounters { rounds: 1, publications: 9, ..IoCounters::default() };
        assert_eq!(IoCounters::NAMES.first(), Some(&"rounds"));
        assert_eq!(counters.values().first(), Some(&1));
        assert_eq!(IoCounters::NAMES.last(), Some(&"publications"));
        assert_eq!(counters.values().last(), Some(&9));
    }
}
