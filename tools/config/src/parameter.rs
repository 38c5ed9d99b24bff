//! One parameter of the protocol on a command line, under its name in the configuration: `fanout=3`.

use bruit::{Config, Profile};

use super::{KEYS, Key, Settings, key_value, nearest};

/// The table of the configuration that holds the protocol's parameters.
const TABLE: &str = "protocol.";

/// A parameter and its value, which has been read once already.
#[derive(Clone, Debug)]
pub struct Parameter {
    key: &'static Key,
    value: String,
}

impl Parameter {
    /// Reads `NAME=VALUE`, the name with its table or without.
    ///
    /// # Errors
    /// What is wrong, for a person: the nearest name where there is none such.
    pub fn read(text: &str) -> Result<Self, String> {
        let (name, value) = key_value(text)?;
        let name = name.strip_prefix(TABLE).unwrap_or(&name);
        let named = |key: &&Key| key.path.strip_prefix(TABLE) == Some(name);
        let Some(key) = KEYS.iter().find(named) else {
            let near = nearest(name, KEYS.iter().filter_map(|key| key.path.strip_prefix(TABLE)));
            let advice = near.map_or_else(String::new, |near| format!("; `{near}`?"));
            return Err(format!("there is no parameter `{name}`{advice}"));
        };
        (key.from_text)(&mut Settings::of(Profile::Lan), &value).map_err(|wrong| format!("{}: {wrong}", key.path))?;
        Ok(Self { key, value })
    }

    /// Puts the value where it belongs.
    pub fn apply(&self, config: &mut Config) {
        let mut settings = Settings { protocol: config.clone(), ..Settings::of(Profile::Lan) };
        (self.key.from_text)(&mut settings, &self.value).expect("it could be read before");
        *config = settings.protocol;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_its_name_in_the_configuration_and_is_read_as_there() {
        let mut config = Config::new(Profile::Wan);
        for text in ["fanout=7", "protocol.probe_interval=350ms"] {
            Parameter::read(text).expect("it is one").apply(&mut config);
        }
        let expected =
            Config { fanout: 7, probe_interval: std::time::Duration::from_millis(350), ..Config::new(Profile::Wan) };
        assert_eq!(config, expected);
    }

    #[test]
    fn what_is_no_parameter_is_refused_with_the_nearest_name() {
        let refusal = |text| Parameter::read(text).expect_err("it is none");
        assert_eq!(refusal("fanuot=7"), "there is no parameter `fanuot`; `fanout`?");
        assert!(refusal("limits.members=7").starts_with("there is no parameter"));
        assert!(refusal("fanout").contains("key=value"));
        assert!(refusal("fanout=many").starts_with("protocol.fanout: "));
    }
}
