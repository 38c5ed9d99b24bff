//! What may change while the node runs? Little, and it is said which: everything that was bought or told to others at the
//! start needs a restart.

use bruit_config::{KEYS, Resolved};

use super::{Agent, seeds};
use crate::event::Level;

/// Keys that a running agent takes over.
const RELOADABLE: [&str; 4] = ["join", "log_format", "leave_timeout", "leave_on_term"];

/// Reads all layers again and takes over what can be.
pub fn reload(agent: &mut Agent) {
    let Resolved { settings, .. } = match agent.args.resolve() {
        Ok(resolved) => resolved,
        Err(failure) => return agent.log.say(Level::Error, &format!("nothing reloaded: {failure}")),
    };
    let changed = KEYS.iter().filter(|key| (key.show)(&agent.settings) != (key.show)(&settings));
    let (taken, refused): (Vec<&str>, Vec<&str>) =
        changed.map(|key| key.path).partition(|path| RELOADABLE.contains(path));
    let new_seeds: Vec<String> =
        settings.join.iter().filter(|seed| !agent.settings.join.contains(seed)).cloned().collect();

    agent.settings.join = settings.join;
    agent.settings.log_format = settings.log_format;
    agent.settings.leave_timeout = settings.leave_timeout;
    agent.settings.leave_on_term = settings.leave_on_term;
    agent.log.set_format(settings.log_format);
    // On a thread of its own: the resolver may take its time, and signals must not wait for it.
    if let Err(failure) = seeds::keep_resolving(new_seeds, &agent.shared, &agent.log) {
        agent.log.say(Level::Warn, &failure.to_string());
    }

    match (&taken[..], &refused[..]) {
        ([], []) => agent.log.say(Level::Info, "reloaded; nothing has changed"),
        (taken, []) => agent.log.say(Level::Info, &format!("reloaded: {}", taken.join(", "))),
        ([], refused) => agent.log.say(Level::Warn, &needs_restart(refused)),
        (taken, refused) => {
            agent.log.say(Level::Warn, &format!("reloaded: {}; {}", taken.join(", "), needs_restart(refused)));
        }
    }
}

fn needs_restart(keys: &[&str]) -> String {
    format!("changed, and only taken over by a restart: {}", keys.join(", "))
}
