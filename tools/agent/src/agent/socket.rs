//! Whose is the control socket? One agent's: a live one is refused, what a dead one left behind is replaced, and only the
//! agent's own user may connect.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use bruit_config::Origin;
use bruit_terminal::failure::{Code, Failure};

/// What a Unix socket's name may take (`sun_path` on Linux, less its end).
const PATH_MAX: usize = 107;
/// Under this suffix the socket is made, before it gets its name.
const NEW: &str = ".new";

/// A socket that goes away with the agent.
#[derive(Debug)]
pub struct ControlSocket {
    /// Where it is.
    pub path: PathBuf,
    listener: Option<UnixListener>,
}

impl ControlSocket {
    /// Takes the path, which `origin` has named.
    ///
    /// # Errors
    /// [`Code::Failed`] when an agent is alive there, or when the path cannot be used.
    pub fn claim(path: &Path, origin: &Origin) -> Result<Self, Failure> {
        let len = path.as_os_str().len() + NEW.len();
        if len > PATH_MAX {
            return Err(cannot(
                path,
                &format!("a socket's path may have {} bytes, this one has {}", PATH_MAX - NEW.len(), len - NEW.len()),
            ));
        }
        refuse_what_lives(path, origin)?;
        // Made under another name and renamed, so that it has its permissions before anyone finds it.
        let new = PathBuf::from(format!("{}{NEW}", path.display()));
        let cannot = |error: io::Error| cannot(path, &error.to_string());
        if let Err(error) = fs::remove_file(&new).or_else(ignore_missing) {
            return Err(cannot(error));
        }
        let listener = UnixListener::bind(&new).map_err(cannot)?;
        let named = fs::set_permissions(&new, Permissions::from_mode(0o600)).and_then(|()| fs::rename(&new, path));
        if let Err(error) = named {
            // The reason to report is the first one.
            let _ = fs::remove_file(&new);
            return Err(cannot(error));
        }
        Ok(Self { path: path.to_owned(), listener: Some(listener) })
    }

    /// The listener, for the one who serves it.
    pub fn take_listener(&mut self) -> Option<UnixListener> {
        self.listener.take()
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Gone already, or the folder is: either way nobody is misled by it.
        let _ = fs::remove_file(&self.path);
    }
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn refuse_what_lives(path: &Path, origin: &Origin) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(path, &error.to_string())),
        Ok(meta) if !meta.file_type().is_socket() => return Err(cannot(path, "it exists and is no socket")),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => {
            let cause = format!("an agent is running with the control socket {}", path.display());
            Err(Failure::new(Code::Failed, cause).advise(another_path(origin)))
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(cannot(path, &error.to_string())),
    }
}

/// How a second agent gets a socket of its own, when `origin` has named the one of the first.
fn another_path(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "let it `leave` first, or give this one another --control".to_owned(),
        // Set for the commands that ask that agent, and now in the way.
        Origin::Env(name) => format!(
            "{name} is set in the environment and names it for this agent too;\n  \
             give this one a --control of its own, or start it with `env -u {name} bruit agent ...`"
        ),
        Origin::File(_) => {
            "the configuration file names it; let that agent `leave` first, or give this one a --control".to_owned()
        }
        Origin::Profile | Origin::Default => {
            "let it `leave` first, or give this one another --name or --control".to_owned()
        }
    }
}

fn cannot(path: &Path, why: &str) -> Failure {
    Failure::new(Code::Failed, format_args!("cannot make the control socket {}: {why}", path.display()))
        .advise("name another place with --control")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("bruit-socket-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder in the temporary folder");
        dir
    }

    #[test]
    fn a_live_socket_is_refused_and_a_dead_ones_remains_are_replaced() {
        let dir = scratch("live");
        let path = dir.join("s");
        let first = ControlSocket::claim(&path, &Origin::Flag).expect("a free path");
        assert_eq!(fs::metadata(&path).expect("the socket").permissions().mode() & 0o777, 0o600);
        assert_eq!(ControlSocket::claim(&path, &Origin::Flag).expect_err("alive").code, Code::Failed);
        drop(first);
        assert!(!path.exists(), "it goes away with its agent");
        drop(UnixListener::bind(&path).expect("a socket that is left behind"));
        assert!(path.exists());
        drop(ControlSocket::claim(&path, &Origin::Flag).expect("nobody listens there any more"));
        fs::remove_dir_all(&dir).expect("our own folder");
    }

    #[test]
    fn what_is_no_socket_is_left_alone_and_a_path_too_long_is_told() {
        let dir = scratch("file");
        let path = dir.join("f");
        fs::write(&path, "precious").expect("a file");
        assert!(ControlSocket::claim(&path, &Origin::Flag).expect_err("a file").cause.contains("no socket"));
        assert_eq!(fs::read_to_string(&path).expect("the file"), "precious");
        let long = dir.join("x".repeat(120));
        assert!(ControlSocket::claim(&long, &Origin::Flag).expect_err("too long").cause.contains("may have 103 bytes"));
        assert!(ControlSocket::claim(&dir.join("no/such/folder"), &Origin::Flag).is_err());
        fs::remove_dir_all(&dir).expect("our own folder");
    }
}
