//! How does a picture get into its file? Whole, or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::Plot;
use crate::failure::{Code, Failure};

/// Draws a picture and writes it to a file, where one is named. Called once the result is printed: a disk that is full shall not take
/// that along.
pub fn save(path: Option<&Path>, draw: impl FnOnce() -> Plot) -> Result<(), Failure> {
    save_svg(path, || draw().svg())
}

/// Writes an SVG document to a file, where one is named, as [`save`] does.
pub fn save_svg(path: Option<&Path>, draw: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    write(path, draw().as_bytes()).map_err(|error| cannot_write(path, &error))
}

/// Whether a picture can be written to a file, where one is named, for those who have long to wait for what it shows. What is there
/// stays as it is.
pub fn writable(path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let is_new = !path.exists();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    // What a link leads to goes, and not the link.
    let removed = opened.and_then(|_| if is_new { fs::canonicalize(path).and_then(fs::remove_file) } else { Ok(()) });
    removed.map_err(|error| cannot_write(path, &error))
}

/// Writes all of it, or leaves what is there as it is.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = match fs::metadata(path) {
        // Neither a pipe nor a device is to be replaced by a file.
        Ok(there) if !there.is_file() => return fs::write(path, bytes),
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_owned(),
    };
    let beside = beside(&place);
    let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(&beside) else {
        return write_over(&place, bytes);
    };
    let permissions = fs::metadata(&place).map(|there| there.permissions());
    let written = file.write_all(bytes).and_then(|()| match permissions {
        Ok(permissions) => file.set_permissions(permissions),
        Err(_) => Ok(()),
    });
    let moved = written.and_then(|()| fs::rename(&beside, &place));
    if moved.is_err() {
        // Why it could not be written is what matters.
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// Where the folder takes no other file: into the file itself, which does not remain as a part of itself where there was none.
fn write_over(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_new = !place.exists();
    let written = fs::write(place, bytes);
    if written.is_err() && is_new {
        let _ = fs::remove_file(place);
    }
    written
}

/// A name that is free as long as this process writes one picture to a folder at a time.
fn beside(place: &Path) -> PathBuf {
    place.with_file_name(format!(".bruit-{}.svg", std::process::id()))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format_args!("cannot write {}: {error}", path.display())).advise(advice(error.kind()))
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room there, or name a file on another disk"
        }
        ErrorKind::IsADirectory => "name a file, not a folder",
        _ => "name a file in a folder that you may write to",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder of this name.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("bruit-plot-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        folder
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("readable").path()).collect();
        files.sort();
        files
    }

    #[test]
    fn whether_a_picture_can_be_written_is_known_beforehand() {
        let dir = std::env::temp_dir().join(format!("bruit-plot-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder in the temporary folder");
        let (new, old) = (dir.join("new.svg"), dir.join("old.svg"));
        std::fs::write(&old, "precious").expect("a file");
        assert!(writable(Some(&new)).is_ok() && writable(Some(&old)).is_ok() && writable(None).is_ok());
        assert_eq!((new.exists(), std::fs::read_to_string(&old).ok().as_deref()), (false, Some("precious")));
        assert_eq!(writable(Some(&dir.join("none/x.svg"))).expect_err("no such folder").code, Code::Failed);
        assert_eq!(writable(Some(&dir)).expect_err("a folder").code, Code::Failed);
        std::fs::remove_dir_all(&dir).expect("our own folder");
    }

    #[test]
    fn a_picture_replaces_another_and_leaves_nothing_beside_it() {
        let folder = folder("replaces");
        let path = folder.join("x.svg");
        for text in ["a long picture", "short"] {
            save_svg(Some(&path), || text.to_owned()).expect("there is room");
            assert_eq!(fs::read_to_string(&path).expect("written"), text);
        }
        assert_eq!(files(&folder), [path]);
        fs::remove_dir_all(&folder).expect("our own folder");
    }

    #[test]
    fn what_cannot_be_written_leaves_no_file_and_says_what_to_do() {
        let folder = folder("full");
        let (gone, within) = (folder.join("none").join("x.svg"), folder.join("file").join("x.svg"));
        fs::write(folder.join("file"), "").expect("there is room");
        for path in [&gone, &within] {
            let (before, after) = (writable(Some(path)), save_svg(Some(path), String::new));
            for failure in [before.expect_err("no folder"), after.expect_err("no folder")] {
                assert_eq!(failure.advice.as_deref(), Some("name a file in a folder that you may write to"));
            }
        }
        assert_eq!(files(&folder), [folder.join("file")]);
        let failure = save_svg(Some(&folder), String::new).expect_err("a folder is no file");
        assert_eq!(failure.advice.as_deref(), Some("name a file, not a folder"));
        assert!(writable(Some(&folder.join("new.svg"))).is_ok() && files(&folder).len() == 1, "only looked at");
        fs::remove_dir_all(&folder).expect("our own folder");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_stays_one_and_a_full_one_asks_for_room() {
        let full = Path::new("/dev/full");
        let failure = save_svg(Some(full), || "x".to_owned()).expect_err("it is always full");
        assert_eq!(failure.advice.as_deref(), Some("make room there, or name a file on another disk"));
        assert!(full.exists() && save_svg(Some(Path::new("/dev/null")), || "x".to_owned()).is_ok());
        assert!(!fs::metadata("/dev/null").expect("it is there").is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_goes_on_leading_to_its_picture() {
        let folder = folder("link");
        let (link, there) = (folder.join("link.svg"), folder.join("there.svg"));
        std::os::unix::fs::symlink(&there, &link).expect("links are known here");
        writable(Some(&link)).expect("it can be written");
        assert!(fs::symlink_metadata(&link).is_ok(), "the link is no file of ours");
        fs::write(&there, "before").expect("there is room");
        save_svg(Some(&link), || "after".to_owned()).expect("there is room");
        assert_eq!(fs::read_to_string(&there).expect("written"), "after");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        fs::remove_dir_all(&folder).expect("our own folder");
    }
}
