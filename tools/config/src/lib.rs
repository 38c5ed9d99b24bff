//! What holds for an agent, and who said so? Flags before `BRUIT_*` before the file before the profile.
//!
//! Every key has one entry in [`keys::KEYS`]: its path in the file, which is also its environment variable
//! (`protocol.helpers`, `BRUIT_PROTOCOL_HELPERS`), how it is read and how it is shown. A key that exists nowhere is an
//! error with the nearest name and its line in a file, and a warning in the environment, where others may use the prefix.

#![forbid(unsafe_code)]

mod class;
mod file;
mod keys;
mod parameter;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bruit::net::Options;
use bruit::{Config, ConfigError, Limits, Params, Profile};
use bruit_terminal::failure::{Code, Failure};

pub use class::RumorClass;
pub use keys::{KEYS, Key};
pub use parameter::Parameter;
pub use values::{LogFormat, Setting, key_value};

/// Everything that an agent can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name; the host's by default.
    pub name: String,
    /// Where the socket listens.
    pub bind: SocketAddr,
    /// Under which address the others reach it; found out where it is not given.
    pub advertise: Option<SocketAddr>,
    /// HOST:PORT of nodes to join through.
    pub join: Vec<String>,
    /// The cluster's label.
    pub cluster: String,
    /// The zone the node is in.
    pub zone: String,
    /// What the others shall see.
    pub tags: BTreeMap<String, String>,
    /// Where the protocol's parameters come from.
    pub profile: Profile,
    /// The control socket; by name in the runtime folder by default.
    pub control: Option<PathBuf>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How long a graceful leave may take.
    pub leave_timeout: Duration,
    /// Whether SIGTERM and SIGINT leave gracefully, or just stop.
    pub leave_on_term: bool,
    /// Whether to give up when joining does not succeed at once.
    pub join_once: bool,
    /// The protocol's parameters.
    pub protocol: Config,
    /// The node's capacities.
    pub limits: Limits,
    /// Socket and loop; where to listen is in [`Settings::bind`].
    pub net: Options,
}

/// Who set a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag,
    /// In this environment variable.
    Env(String),
    /// On this line of the file.
    File(usize),
    /// Nobody: it is the profile's.
    Profile,
    /// Nobody: it is the built-in value.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Env(name) => f.write_str(name),
            Self::File(line) => write!(f, "file, line {line}"),
            Self::Profile => f.write_str("profile"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Settings with their sources, and what was odd on the way.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What holds.
    pub settings: Settings,
    /// Who set each key that is not at its default.
    origins: BTreeMap<&'static str, Origin>,
    /// What a person should read once.
    pub warnings: Vec<String>,
}

/// One setter per key that the command line has set.
pub type Flags = Vec<(&'static str, Box<dyn Fn(&mut Settings) + Send + Sync>)>;

/// What of the environment is ours.
pub type Environment = Vec<(String, String)>;

/// The variables that begin with `BRUIT_`.
pub fn environment() -> Environment {
    let ours = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let name = name.into_string().ok().filter(|n| n.starts_with("BRUIT_"))?;
        Some((name, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(ours).collect()
}

impl Settings {
    /// The built-in values with a profile's parameters.
    fn of(profile: Profile) -> Self {
        Self {
            name: gethostname::gethostname().to_string_lossy().into_owned(),
            bind: SocketAddr::from(([0, 0, 0, 0], 4100)),
            advertise: None,
            join: Vec::new(),
            cluster: "default".to_owned(),
            zone: String::new(),
            tags: BTreeMap::new(),
            profile,
            control: None,
            log_format: LogFormat::Text,
            leave_timeout: Duration::from_secs(3),
            leave_on_term: true,
            join_once: false,
            protocol: Config::new(profile),
            limits: Limits::default(),
            net: Options::default(),
        }
    }

    /// Parameters and limits that agree with each other.
    ///
    /// # Errors
    /// [`Code::Invalid`], with the numbers.
    pub fn params(&self) -> Result<Params, Failure> {
        Params::new(&self.protocol, &self.limits).map_err(|error| invalid(&error))
    }
}

/// The operator's mistake as the library found it, with durations for people.
pub fn invalid(error: &ConfigError) -> Failure {
    // The library names fields by its own structures.
    let key = |field: &str| match (field.strip_prefix("options."), field.starts_with("limits.")) {
        (Some(option), _) => format!("net.{option}"),
        (None, true) => field.to_owned(),
        (None, false) => format!("protocol.{field}"),
    };
    let shown = |field: &str, value: u64| {
        let path = key(field);
        let is_time = KEYS.iter().any(|k| k.path == path && k.kind == Duration::KIND);
        if is_time { Duration::from_nanos(value).show() } else { value.to_string() }
    };
    let cause = match error {
        ConfigError::OutOfRange { field, got, min, max } => {
            let [got, min, max] = [got, min, max].map(|n| shown(field, *n));
            format!("{} is {got}; it can be {min} to {max}", key(field))
        }
        ConfigError::Contradiction { less, less_is, more, more_is } => format!(
            "{} ({}) is above {} ({}); lower the first or raise the second",
            key(less),
            shown(less, *less_is),
            key(more),
            shown(more, *more_is)
        ),
        ConfigError::NotAMultiple { field, got, of } => {
            format!("{} is {got}; it can be a multiple of {of}", key(field))
        }
        ConfigError::UnusableAddress(_) | ConfigError::ProfileTooLong { .. } | ConfigError::BadText(_) => {
            error.to_string()
        }
    };
    Failure::new(Code::Invalid, cause).advise("`bruit config check` shows every value and where it comes from")
}

/// Puts the layers together.
///
/// # Errors
/// [`Code::Invalid`] with every mistake of a layer, each with its place.
pub fn resolve(flags: &Flags, env: &Environment, path: Option<&Path>) -> Result<Resolved, Failure> {
    let text = path.map(file::read).transpose()?;
    let file = text.as_deref().zip(path).map(|(text, path)| file::parse(text, path)).transpose()?.unwrap_or_default();

    let mut layers = Layers { settings: Settings::of(Profile::Lan), origins: BTreeMap::new(), mistakes: Vec::new() };
    layers.mistakes.extend(file.unknown.iter().map(|(line, what)| (*line, format!("{}:{line}: {what}", file.name))));
    // The profile decides what the others begin from, so it is looked for in every layer first.
    layers.apply(flags, env, &file, |key| key.path == "profile");
    layers.settings = Settings::of(layers.settings.profile);
    layers.apply(flags, env, &file, |_| true);

    layers.mistakes.sort();
    layers.mistakes.dedup();
    if !layers.mistakes.is_empty() {
        let lines: Vec<String> = layers.mistakes.into_iter().map(|(_, what)| what).collect();
        return Err(Failure::new(Code::Invalid, lines.join("\n")));
    }
    Ok(Resolved { settings: layers.settings, origins: layers.origins, warnings: strange_variables(env) })
}

impl Resolved {
    /// Whether somebody set this key.
    pub fn is_set(&self, key: &Key) -> bool {
        self.origins.contains_key(key.path)
    }

    /// Who set the key with this path.
    pub fn origin(&self, path: &str) -> &Origin {
        let unset = if path.starts_with("protocol.") { &Origin::Profile } else { &Origin::Default };
        self.origins.get(path).unwrap_or(unset)
    }
}

struct Layers {
    settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
    /// By line of the file; what has no line comes last.
    mistakes: Vec<(usize, String)>,
}

impl Layers {
    fn apply(&mut self, flags: &Flags, env: &Environment, file: &file::File, which: impl Fn(&Key) -> bool) {
        for entry in file.entries.iter().filter(|e| which(e.key)) {
            match (entry.key.from_toml)(&mut self.settings, &entry.value) {
                Ok(()) => drop(self.origins.insert(entry.key.path, Origin::File(entry.line))),
                Err(why) => {
                    let what = format!("{}:{}: {}: {why}", file.name, entry.line, entry.key.path);
                    self.mistakes.push((entry.line, what));
                }
            }
        }
        for key in KEYS.iter().filter(|key| which(key)) {
            let Some((name, value)) = env.iter().find(|(name, _)| *name == key.variable()) else { continue };
            match (key.from_text)(&mut self.settings, value) {
                Ok(()) => drop(self.origins.insert(key.path, Origin::Env(name.clone()))),
                Err(why) => self.mistakes.push((usize::MAX, format!("{name}: {why}"))),
            }
        }
        for (path, set) in flags {
            if KEYS.iter().any(|key| key.path == *path && which(key)) {
                set(&mut self.settings);
                self.origins.insert(path, Origin::Flag);
            }
        }
    }
}

/// Variables with our prefix that mean nothing to us: a typing mistake, or somebody else's.
fn strange_variables(env: &Environment) -> Vec<String> {
    let known: Vec<String> = KEYS.iter().map(Key::variable).chain(["BRUIT_CONFIG".to_owned()]).collect();
    let strange = env.iter().map(|(name, _)| name).filter(|name| !known.contains(name));
    strange
        .map(|name| {
            let nearest = nearest(name, known.iter().map(String::as_str));
            let hint = nearest.map_or(String::new(), |n| format!("; the nearest name is {n}"));
            format!("the variable {name} is not a setting and is ignored{hint}")
        })
        .collect()
}

/// The known name that a typing mistake most likely meant.
pub fn nearest<'a>(got: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| {
        let leaf = |s: &'_ str| s.rsplit('.').next().unwrap_or_default().to_owned();
        // A right name in the wrong table is nearer than anything else.
        strsim::damerau_levenshtein(got, name).min(strsim::damerau_levenshtein(&leaf(got), &leaf(name)))
    };
    known.map(|name| (distance(name), name)).min().filter(|(d, name)| *d <= (name.len() / 3).max(2)).map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use bruit::Mode;

    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn with_file(text: &str, env: &Environment, flags: &Flags) -> Result<Resolved, Failure> {
        let dir = std::env::temp_dir().join(format!("bruit-config-{}-{:p}", std::process::id(), text));
        std::fs::write(&dir, text).expect("a file in the temporary folder");
        let result = resolve(flags, env, Some(&dir));
        std::fs::remove_file(&dir).expect("our own file");
        result.map_err(|mut f| {
            f.cause = f.cause.replace(&dir.display().to_string(), "F");
            f
        })
    }

    #[test]
    fn a_flag_wins_over_the_environment_over_the_file_over_the_profile() {
        let file = "profile = \"wan\"\nname = \"file\"\nzone = \"file\"\ncluster = \"file\"\n[protocol]\nhelpers = 5\n";
        let env = env(&[("BRUIT_NAME", "env"), ("BRUIT_ZONE", "env")]);
        let flags: Flags = vec![("name", Box::new(|s| s.name = "flag".to_owned()))];
        let resolved = with_file(file, &env, &flags).expect("a valid configuration");
        let s = &resolved.settings;
        assert_eq!((s.name.as_str(), s.zone.as_str(), s.cluster.as_str()), ("flag", "env", "file"));
        assert_eq!((s.protocol.helpers, s.protocol.probe_interval), (5, Duration::from_secs(5)), "wan but for helpers");
        let origin = |path: &str| resolved.origin(path).to_string();
        assert_eq!(origin("name"), "flag");
        assert_eq!(origin("zone"), "BRUIT_ZONE");
        assert_eq!(origin("cluster"), "file, line 4");
        assert_eq!(origin("protocol.fanout"), "profile");
        assert_eq!(origin("bind"), "default");
    }

    #[test]
    fn the_profile_may_come_from_any_layer_and_undoes_nothing_that_was_set() {
        let env = env(&[("BRUIT_PROFILE", "local"), ("BRUIT_PROTOCOL_FANOUT", "7")]);
        let resolved = with_file("profile = \"wan\"\n", &env, &Vec::new()).expect("a valid configuration");
        assert_eq!(resolved.settings.protocol, Config { fanout: 7, ..Config::new(Profile::Local) });
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_all_told_with_line_and_nearest_name() {
        let file = "nam = \"a\"\nprobe_interval = \"1s\"\n[protocol]\nhelpers = \"many\"\nprobe_intervall = \"1s\"\n[limit]\nmembers = 3\n";
        let failure = with_file(file, &Vec::new(), &Vec::new()).expect_err("five mistakes");
        assert_eq!(failure.code, Code::Invalid);
        assert_eq!(
            failure.cause,
            "F:1: unknown key `nam`; the nearest is `name`\n\
             F:2: unknown key `probe_interval`; the nearest is `protocol.probe_interval`\n\
             F:4: protocol.helpers: a number is expected, not a string\n\
             F:5: unknown key `protocol.probe_intervall`; the nearest is `protocol.probe_interval`\n\
             F:7: unknown key `limit.members`; the nearest is `limits.members`"
        );
    }

    #[test]
    fn a_file_that_is_not_toml_is_told_with_its_line() {
        let failure = with_file("name = \"a\"\nzone = \n", &Vec::new(), &Vec::new()).expect_err("no value");
        assert!(failure.cause.starts_with("F:2: "), "{}", failure.cause);
    }

    #[test]
    fn a_foreign_variable_warns_and_a_wrong_value_in_ours_is_an_error() {
        let resolved = resolve(&Vec::new(), &env(&[("BRUIT_PROFIL", "lan"), ("BRUIT_XYZZY_4", "1")]), None);
        assert_eq!(
            resolved.expect("only warnings").warnings,
            [
                "the variable BRUIT_PROFIL is not a setting and is ignored; the nearest name is BRUIT_PROFILE",
                "the variable BRUIT_XYZZY_4 is not a setting and is ignored",
            ]
        );
        let failure =
            resolve(&Vec::new(), &env(&[("BRUIT_LEAVE_TIMEOUT", "3 parsecs")]), None).expect_err("no duration");
        assert!(failure.cause.starts_with("BRUIT_LEAVE_TIMEOUT: "), "{}", failure.cause);
    }

    #[test]
    fn a_mode_is_read_from_everywhere_by_its_name_and_no_other_is() {
        let told = |text: &str| with_file(&format!("[protocol]\nstate_mode = \"{text}\"\n"), &env(&[]), &Vec::new());
        let mode = |resolved: &Resolved| resolved.settings.protocol.state_mode;
        for known in Mode::ALL {
            assert_eq!(mode(&told(known.name()).expect("a mode")), known);
        }
        let over = env(&[("BRUIT_PROTOCOL_STATE_MODE", "pull")]);
        assert_eq!(mode(&resolve(&Vec::new(), &over, None).expect("a mode")), Mode::Pull);
        assert_eq!(mode(&resolve(&Vec::new(), &env(&[]), None).expect("nothing is wrong")), Mode::PushPull);
        let failure = told("both").expect_err("no mode");
        assert!(
            failure.cause.contains("\"push\", \"pull\" or \"push-pull\" is expected, not `both`"),
            "{}",
            failure.cause
        );
    }

    #[test]
    fn the_library_shows_every_time_with_its_unit_and_no_other_number() {
        for key in KEYS {
            let field = match key.path.split_once('.') {
                Some(("protocol", field)) => field.to_owned(),
                Some(("net", option)) => format!("options.{option}"),
                Some(("limits", _)) => key.path.to_owned(),
                Some(_) | None => continue,
            };
            let field: &'static str = field.leak();
            let said = ConfigError::OutOfRange { field, got: 0, min: 1_000, max: 1_500_000_000 }.to_string();
            let values = if key.kind == Duration::KIND { ["0s", "1us", "1500ms"] } else { ["0", "1000", "1500000000"] };
            let [got, min, max] = values;
            assert_eq!(said, format!("{field} is {got}; it can be {min} to {max}"));
        }
    }

    #[test]
    fn contradictions_are_told_with_durations_for_people() {
        let mut settings = Settings::of(Profile::Lan);
        settings.protocol.ack_ceiling = Duration::from_secs(2);
        let failure = settings.params().expect_err("a probe that outlasts its interval");
        assert_eq!(
            failure.cause,
            "protocol.ack_ceiling (2s) is above protocol.probe_interval (1s); lower the first or raise the second"
        );
    }
}
