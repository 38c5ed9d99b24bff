//! Which keys are there? One entry for each: path, kind, how it is set and how it is shown.

use toml::de::DeValue;

use super::Settings;
use super::values::Setting;

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Its place in the file: `table.key`, or `key` at the top.
    pub path: &'static str,
    /// What it expects, in words.
    pub kind: &'static str,
    /// Sets it from an environment variable's text.
    pub from_text: fn(&mut Settings, &str) -> Result<(), String>,
    /// Sets it from a value in a file.
    pub from_toml: fn(&mut Settings, &DeValue<'_>) -> Result<(), String>,
    /// The value in force.
    pub show: fn(&Settings) -> String,
}

impl Key {
    /// The environment variable of the same meaning.
    pub fn variable(&self) -> String {
        format!("BRUIT_{}", self.path.to_uppercase().replace('.', "_"))
    }
}

/// The name of the type behind a field, without naming the type.
const fn kind_of<T: Setting>(_: fn(&Settings) -> &T) -> &'static str {
    T::KIND
}

macro_rules! key {
    ($path:expr, $($field:ident).+) => {
        Key {
            path: $path,
            kind: kind_of(|s| &s.$($field).+),
            from_text: |s, text| Setting::from_text(text).map(|value| s.$($field).+ = value),
            from_toml: |s, value| Setting::from_toml(value).map(|value| s.$($field).+ = value),
            show: |s| s.$($field).+.show(),
        }
    };
}

macro_rules! keys {
    (top: $($top:ident)+; protocol: $($protocol:ident)+; limits: $($limit:ident)+; net: $($net:ident)+;) => {
        /// Every key, in the order in which it is shown.
        pub const KEYS: &[Key] = &[
            $(key!(stringify!($top), $top),)+
            $(key!(concat!("protocol.", stringify!($protocol)), protocol.$protocol),)+
            $(key!(concat!("limits.", stringify!($limit)), limits.$limit),)+
            $(key!(concat!("net.", stringify!($net)), net.$net),)+
        ];

        /// Does not compile while a field of one of them has no key.
        const _: fn(Settings) = |Settings { $($top: _,)+ protocol, limits, net }| {
            let bruit::Config { $($protocol: _,)+ } = protocol;
            let bruit::Limits { $($limit: _,)+ } = limits;
            // Where to listen is at the top.
            let bruit::net::Options { bind: _, $($net: _,)+ } = net;
        };
    };
}

keys! {
    top: name bind advertise join cluster zone tags profile control log_format leave_timeout leave_on_term join_once;
    protocol: probe_interval helpers direct_pings helper_rounds helper_nacks ack_floor ack_prior ack_ceiling
        pause_to_forgive suspect_first suspicion_factor confirmations accusers volunteers loud_suspicions buddy any_proof
        health_max lag_tolerance lag_grace kernel_evidence gossip_interval fanout expected_loss_permille one_miss_in sends
        gossip_phase quiet_after rumor_rule rumor_digests rumor_retention rumor_start tombstone_retention state_mode claims_per_second
        eager_per_second strangers_per_second repair_per_second datagrams_per_second bytes_per_second down_retention
        revive_interval hello_interval cold_start_wait conflict_wait max_datagram;
    limits: members profile_bytes text_bytes suspects probes relays outbox events seeds book
        origins rumor_window rumors rumor_bytes rumor_payload topics state_owners state_keys state_bytes state_value averages
        watches;
    net: recv_buffer send_buffer spin batch mmsg events commands changes rumors publications;
}
