//! How does a lossy network of several hosts come onto one machine? Network namespaces, one per host and one for the switch.
//!
//! ```text
//!   NAME-1 eth0 ──veth── h1 ┐
//!   NAME-2 eth0 ──veth── h2 ├ br0 in NAME-sw         NAME = bl<process id>; 10.77.0.<host>/24
//!   NAME-3 eth0 ──veth── h3 ┘
//! ```
//! Nothing is made in the namespace of the machine itself. Loss is at each receiver: nft drops so many of a hundred UDP
//! datagrams at random, and counts them. A cut takes the switch's end of a host's cable down.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The port of every node.
const PORT: u16 = 4_100;
/// Hosts that fit into the subnet, and more than a machine wants to run.
pub const HOSTS_MAX: usize = 100;

/// Some hosts; all removed when dropped.
#[derive(Debug)]
pub struct Network {
    name: String,
    namespaces: Vec<String>,
}

impl Network {
    /// Why no network can be made here, if none can: not root, a tool is missing, or namespaces are refused.
    #[must_use]
    pub fn why_not() -> Option<String> {
        if !nix::unistd::geteuid().is_root() {
            return Some("network namespaces need root; run it with sudo".to_owned());
        }
        let missing = [("ip", "-V", "iproute2"), ("nft", "--version", "nftables")]
            .into_iter()
            .find(|(tool, version, _)| run(tool, &[version], "").is_err());
        if let Some((tool, _, package)) = missing {
            return Some(format!("`{tool}` does not run here; install {package}"));
        }
        let mut trial = Self { name: name(), namespaces: Vec::new() };
        let made = trial.add("try").and_then(|namespace| nft(&namespace, "add table inet lab\n"));
        made.err().map(|failure| format!("this machine makes no network namespaces: {failure}"))
    }

    /// So many hosts on one switch, each of which loses so many of a hundred datagrams that it receives.
    ///
    /// # Errors
    /// When a tool refuses; what was made until then is removed.
    pub fn make(hosts: usize, loss_percent: u32) -> Result<Self, Failure> {
        let mut network = Self { name: name(), namespaces: Vec::new() };
        let switch = network.add("sw")?;
        ip(&["-n", &switch, "link", "add", "br0", "type", "bridge"])?;
        ip(&["-n", &switch, "link", "set", "br0", "up"])?;
        for host in 0..hosts {
            let (own, port) = (network.add(&host.to_string())?, port(host));
            let addr = format!("{}/24", network.addr(host).ip());
            ip(&["link", "add", "eth0", "netns", &own, "type", "veth", "peer", "name", &port, "netns", &switch])?;
            ip(&["-n", &switch, "link", "set", &port, "master", "br0", "up"])?;
            ip(&["-n", &own, "addr", "add", &addr, "dev", "eth0"])?;
            ip(&["-n", &own, "link", "set", "lo", "up"])?;
            ip(&["-n", &own, "link", "set", "eth0", "up"])?;
            nft(&own, &losing(loss_percent))?;
        }
        Ok(network)
    }

    /// Where a host's node listens.
    #[must_use]
    pub fn addr(&self, host: usize) -> SocketAddr {
        SocketAddr::from(([10, 77, 0, u8::try_from(host + 1).unwrap_or(u8::MAX)], PORT))
    }

    /// The name of a host's namespace, for `ip netns exec`.
    #[must_use]
    pub fn namespace(&self, host: usize) -> String {
        format!("{}-{host}", self.name)
    }

    /// The file of a host's namespace, for `setns`.
    #[must_use]
    pub fn file(&self, host: usize) -> PathBuf {
        PathBuf::from("/run/netns").join(self.namespace(host))
    }

    /// Takes a host off the switch.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn cut(&self, host: usize) -> Result<(), Failure> {
        ip(&["-n", &self.switch(), "link", "set", &port(host), "down"]).map(drop)
    }

    /// Puts it back.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn heal(&self, host: usize) -> Result<(), Failure> {
        ip(&["-n", &self.switch(), "link", "set", &port(host), "up"]).map(drop)
    }

    /// Datagrams that all hosts together have lost so far.
    ///
    /// # Errors
    /// When `nft` does not say.
    pub fn lost(&self) -> Result<u64, Failure> {
        let hosts = self.namespaces.len() - 1;
        (0..hosts).map(|host| lost_at(&self.namespace(host))).sum()
    }

    fn switch(&self) -> String {
        format!("{}-sw", self.name)
    }

    fn add(&mut self, what: &str) -> Result<String, Failure> {
        let namespace = format!("{}-{what}", self.name);
        ip(&["netns", "add", &namespace])?;
        self.namespaces.push(namespace.clone());
        Ok(namespace)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in &self.namespaces {
            if let Err(failure) = ip(&["netns", "del", namespace]) {
                eprintln!("{namespace} is left over: {failure}");
            }
        }
    }
}

fn name() -> String {
    format!("bl{}", std::process::id())
}

fn port(host: usize) -> String {
    format!("h{host}")
}

/// The rules of a host that loses so many of a hundred datagrams.
fn losing(percent: u32) -> String {
    format!(
        "table inet lab {{\n  chain in {{\n    type filter hook input priority 0;\n    \
         meta l4proto udp numgen random mod 100 < {percent} counter drop\n  }}\n}}\n"
    )
}

fn lost_at(namespace: &str) -> Result<u64, Failure> {
    let rules = run("ip", &["netns", "exec", namespace, "nft", "list", "chain", "inet", "lab", "in"], "")?;
    let mut words = rules.split_whitespace().skip_while(|word| *word != "packets").skip(1);
    let count = words.next().and_then(|word| word.parse().ok());
    count.ok_or_else(|| Failure::new(format_args!("nft tells no count in {namespace}: {rules}")))
}

fn ip(args: &[&str]) -> Result<String, Failure> {
    run("ip", args, "")
}

fn nft(namespace: &str, rules: &str) -> Result<(), Failure> {
    run("ip", &["netns", "exec", namespace, "nft", "-f", "-"], rules).map(drop)
}

/// Runs a tool to its end with this on its standard input; what it printed.
fn run(tool: &str, args: &[&str], input: &str) -> Result<String, Failure> {
    let what = || format!("{tool} {}", args.join(" "));
    let mut command = Command::new(tool);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::doing(what()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever does not read what it was given says why when it ends.
        let _ = stdin.write_all(input.as_bytes());
    }
    let out = child.wait_with_output().map_err(Failure::doing(what()))?;
    if !out.status.success() {
        return Err(Failure::new(format_args!("{}: {}", what(), String::from_utf8_lossy(&out.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
