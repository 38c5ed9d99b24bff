//! `bruit agent`: one node in the foreground. Its arguments; what it does is in `agent`.

use std::net::SocketAddr;
use std::path::PathBuf;

use bruit::{BootId, Identity, Instant, Node, Profile};
use bruit_config::{Flags, LogFormat, Resolved, Settings, key_value};
use bruit_terminal::failure::{Code, Failure};
use clap::{Args as _, Command, FromArgMatches};

use crate::agent::{self, address};

/// Columns of `--help` at most.
pub const HELP_WIDTH_MAX: usize = 100;

/// Run one node in the foreground
///
/// Each argument can also stand in a TOML file (--config) under its name with `_` for `-`, or in the environment as
/// BRUIT_NAME, BRUIT_BIND and so on; a flag wins over the environment, the environment over the file, the file over the
/// profile. `bruit config check` lists every key. SIGINT and SIGTERM leave gracefully, a second one ends at once; SIGHUP
/// reloads the configuration.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The node's name, unique in the cluster [default: the host's]
    #[arg(long)]
    name: Option<String>,
    /// Where to listen [default: 0.0.0.0:4100]
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,
    /// Where the others reach this node [default: what is bound, or the interface towards the first seed]
    #[arg(long, value_name = "IP:PORT")]
    advertise: Option<SocketAddr>,
    /// A node to join through; may be repeated. Without any, a cluster is founded
    #[arg(long, value_name = "HOST:PORT")]
    join: Vec<String>,
    /// The cluster's label; nodes with another one are not heard [default: default]
    #[arg(long, value_name = "LABEL")]
    cluster: Option<String>,
    /// The zone this node is in
    #[arg(long)]
    zone: Option<String>,
    /// A tag that the others see; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    tag: Vec<(String, String)>,
    /// Where the protocol's parameters come from: lan, wan or local [default: lan]
    #[arg(long, value_parser = profile)]
    profile: Option<Profile>,
    /// The control socket [default: bruit-NAME.sock in $XDG_RUNTIME_DIR or the temporary folder]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// A TOML file
    #[arg(long, value_name = "FILE", env = "BRUIT_CONFIG")]
    config: Option<PathBuf>,
    /// Log lines for people on standard error, or JSON lines on standard output [default: text]
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// How long leaving may take [default: 3s]
    #[arg(long, value_name = "TIME")]
    leave_timeout: Option<humantime::Duration>,
    /// Whether SIGTERM and SIGINT leave; with `=false` they just stop, so that a restart does not look like a departure
    /// [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    leave_on_term: Option<bool>,
    /// Give up when joining does not succeed soon, instead of trying for ever
    #[arg(long)]
    join_once: bool,
}

fn profile(text: &str) -> Result<Profile, String> {
    Profile::from_name(text).ok_or_else(|| "one of lan, wan, local is expected".to_owned())
}

/// The command by itself: what other commands take need not be built to run an agent.
pub fn command() -> Command {
    Args::augment_args(Command::new("agent").bin_name("bruit agent").max_term_width(HELP_WIDTH_MAX))
}

/// Runs with the arguments of this process, the first of which is the command's name.
///
/// # Errors
/// As [`run`].
pub fn main() -> Result<(), Failure> {
    let mut matches = command().get_matches_from(std::env::args_os().skip(1));
    run(Args::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit()))
}

/// Runs until it has left.
pub fn run(args: Args) -> Result<(), Failure> {
    agent::run(args)
}

impl Args {
    /// Everything that the agent is told, from all layers.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn resolve(&self) -> Result<Resolved, Failure> {
        bruit_config::resolve(&self.flags(), &bruit_config::environment(), self.config.as_deref())
    }

    fn flags(&self) -> Flags {
        let mut flags: Flags = Vec::new();
        macro_rules! flag {
            ($($field:ident).+, $value:expr) => {
                if let Some(value) = $value {
                    flags.push((stringify!($($field).+), Box::new(move |s| s.$($field).+ = value.clone())));
                }
            };
        }
        flag!(name, self.name.clone());
        flag!(bind, self.bind);
        flag!(advertise, self.advertise.map(Some));
        flag!(join, Some(self.join.clone()).filter(|list| !list.is_empty()));
        flag!(cluster, self.cluster.clone());
        flag!(zone, self.zone.clone());
        flag!(
            tags,
            Some(self.tag.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()).filter(|t| !t.is_empty())
        );
        flag!(profile, self.profile);
        flag!(control, self.control.clone().map(Some));
        flag!(log_format, self.log_format);
        flag!(leave_timeout, self.leave_timeout.map(|time| *time));
        flag!(leave_on_term, self.leave_on_term);
        flag!(join_once, self.join_once.then_some(true));
        flags
    }
}

/// Whether a node could be made of this: its loop, its name, tags and address, its parameters.
///
/// # Errors
/// [`Code::Invalid`], with the reason.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    settings.net.check().map_err(|error| bruit_config::invalid(&error))?;
    let mut addr = address::choose(settings.bind, settings.advertise, &[]).addr;
    if addr.port() == 0 {
        // The kernel will choose; any port stands for it here.
        addr.set_port(1);
    }
    let tags = tags(settings);
    let identity = identity(settings, &tags, addr, BootId::from_u64(1))?;
    Node::new(settings.params()?, &identity, 0, Instant::ZERO).map_err(|error| bruit_config::invalid(&error)).map(drop)
}

/// The tags as the library takes them.
pub fn tags(settings: &Settings) -> Vec<(&str, &str)> {
    settings.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

/// Who the node is.
///
/// # Errors
/// [`Code::Invalid`] when the name is none.
pub fn identity<'a>(
    settings: &'a Settings,
    tags: &'a [(&'a str, &'a str)],
    addr: SocketAddr,
    boot: BootId,
) -> Result<Identity<'a>, Failure> {
    let name = bruit::Name::new(&settings.name).ok_or_else(|| {
        let max = bruit::NAME_MAX;
        Failure::new(
            Code::Invalid,
            format_args!("{:?} is no name: one to {max} bytes without control characters", settings.name),
        )
        .advise("give one with --name")
    })?;
    Ok(Identity { name, cluster: &settings.cluster, addr, boot, zone: &settings.zone, tags })
}
