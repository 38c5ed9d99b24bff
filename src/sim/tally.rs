//! What has become of the datagrams? One count for each fate.

use core::ops::AddAssign;

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What has become of the datagrams so far.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Tally {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Tally {
            /// The counts with their names, in a fixed order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }

        impl AddAssign for Tally {
            /// What two worlds have counted together.
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

tally! {
    /// Sent by nodes.
    sent,
    /// Bytes of UDP payload sent by nodes.
    bytes,
    /// Handed to a node.
    delivered,
    /// Lost by a link's dice.
    lost,
    /// Sent into a cut or across a partition.
    cut,
    /// Copies made by a link's dice.
    duplicated,
    /// Arrived where nobody listens, and the sender was to be told.
    refused,
    /// Arrived where there is no host.
    nowhere,
    /// Vanished because they were longer than the MTU.
    too_long,
    /// Lost because the queue of a host's cable was full.
    queue_lost,
    /// Lost because the wire was full.
    overflowed,
    /// Lost because the socket's buffer of a process that did not run was full.
    inbox_lost,
    /// Dropped, delayed, doubled or held because a test wished so.
    meddled,
}
