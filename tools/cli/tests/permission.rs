//! What is said to somebody who may not? The real binary as a user without rights: nobody, where the tests run as root.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Agent, Outcome, command_of, run};

const NOBODY: u32 = 65_534;

/// A folder that everybody may look into, with a copy of the binary: the one under test may lie in root's own.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("bruit-permission-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder of our own");
        fs::copy(env!("CARGO_BIN_EXE_bruit"), dir.join("bruit")).expect("room for a copy");
        let place = Self(dir);
        place.allow("", 0o755);
        place.allow("bruit", 0o755);
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a plain path").to_owned()
    }

    fn allow(&self, name: &str, mode: u32) {
        fs::set_permissions(self.0.join(name), Permissions::from_mode(mode)).expect("our own file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command_of(&self.0.join("bruit"), args);
        if fs::metadata("/proc/self").expect("this process").uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs an agent that cannot start, with the control socket `control`.
    fn agent(&self, control: &str, args: &[&str]) -> Outcome {
        run(self.command(&[&["agent", "--name", "x", "--control", &self.path(control)], args].concat()), "")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn told(out: &Outcome, code: i32, lines: [&str; 2]) {
    assert_eq!(out.code, code, "{}", out.stderr);
    assert!(lines.iter().all(|line| out.stderr.contains(line)), "{lines:?} is not in {}", out.stderr);
}

#[test]
fn who_may_not_is_told_what_and_what_to_do_instead() {
    let place = Place::new();
    if place.command(&["--version"]).output().is_err() {
        println!("skipped: nothing can be run as nobody in {}", place.0.display());
        return;
    }
    let first_free = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    match first_free.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1_024_u16) {
        0 | 1 => println!("skipped: here everybody may listen on every port"),
        first => {
            place.allow("", 0o777);
            let bind = format!("127.0.0.1:{}", first - 1);
            let out = place.agent("x.sock", &["--bind", &bind]);
            told(&out, 1, [&format!("cannot start: this process may not listen on {bind}"), "take a port above 1023"]);
            assert!(!Path::new(&place.path("x.sock")).exists(), "nothing is left behind");
        }
    }

    fs::create_dir(place.path("sealed")).expect("a folder in ours");
    place.allow("sealed", 0o555);
    let out = place.agent("sealed/x.sock", &["--bind", "127.0.0.1:0"]);
    told(&out, 1, ["/sealed/x.sock: Permission denied", "name another place with --control"]);

    fs::write(place.path("sealed.toml"), "zone = \"z\"\n").expect("a file in our folder");
    place.allow("sealed.toml", 0);
    let out = place.agent("x.sock", &["--config", &place.path("sealed.toml")]);
    told(&out, 5, ["cannot read the configuration", "/sealed.toml: Permission denied"]);

    let other = Agent::start(&place.0, "other", &[]);
    place.allow("bruit-other.sock", 0);
    let out = run(place.command(&["info", "--control", &other.control]), "");
    told(&out, 3, ["cannot reach an agent at", "only the agent's own user may connect"]);
}
