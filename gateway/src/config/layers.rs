//! The layers of the configuration, put on each other.

use super::{Config, Mistakes};
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Error, Figment, Profile};
use std::path::PathBuf;

/// The defaults, and the manual.
const DEFAULTS: &str = include_str!("../../default.toml");

/// What variables of the environment begin with.
const PREFIX: &str = "TILL__";

/// Where settings come from, weakest first.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Settings that a command brings along, in TOML (the demo's own).
    pub built_in: Option<String>,
    /// The file of `--config`.
    pub file: Option<PathBuf>,
    /// Whether the environment counts.
    pub environment: bool,
    /// Whether the command seals and opens nothing, so that no master key is needed. One
    /// that is given must be right all the same.
    pub keyless: bool,
    /// What stood on the command line, as `section.key` and value.
    pub command_line: Vec<(&'static str, String)>,
}

/// The configuration that the layers make, checked.
///
/// # Errors
/// All mistakes at once, each with its setting and where it was set.
pub fn from_layers(layers: Layers) -> Result<Config, Mistakes> {
    let mut mistakes = Mistakes::default();
    if let Some(file) = layers.file.as_ref().filter(|file| !file.is_file()) {
        mistakes.add(
            file.display().to_string(),
            "there is no such file: mend the path given with --config",
        );
        return Err(mistakes);
    }
    let keyless = layers.keyless;
    let figment = figment(layers);
    let given = match figment.extract::<Dict>() {
        Ok(given) => given,
        Err(error) => {
            for error in error {
                mistakes.add(place(&error), error.kind.to_string());
            }
            return Err(mistakes);
        }
    };
    let config = read(given, &figment, &mut mistakes)?;
    if let Err(more) = config.validate(keyless) {
        for mistake in more.iter() {
            mistakes.add(mistake.place.clone(), mistake.problem.clone());
        }
    }
    mistakes.into_result().map(|()| config)
}

fn figment(layers: Layers) -> Figment {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    if let Some(built_in) = layers.built_in {
        figment = figment.merge(Toml::string(&built_in));
    }
    if let Some(file) = layers.file {
        figment = figment.merge(Toml::file_exact(file));
    }
    if layers.environment {
        figment = figment.merge(Env::prefixed(PREFIX).split("__"));
    }
    for (key, value) in layers.command_line {
        figment = figment.merge(Serialized::default(key, value));
    }
    figment
}

/// Reads the settings. One that cannot be read is noted, replaced by its default
/// and left behind, so that the next one is found too.
fn read(mut given: Dict, source: &Figment, mistakes: &mut Mistakes) -> Result<Config, Mistakes> {
    let defaults = Figment::from(Toml::string(DEFAULTS))
        .extract::<Dict>()
        .unwrap_or_default();
    // Each round mends one setting, so there are never more rounds than settings.
    let rounds = given.values().map(settings).sum::<usize>() + 1;
    for _ in 0..rounds {
        let error = match Figment::from(Serialized::defaults(&given)).extract::<Config>() {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        for error in error {
            let path = path(&error);
            mistakes.add(named(&path, source), problem(&error));
            mend(&mut given, &defaults, &path);
        }
    }
    Err(std::mem::take(mistakes))
}

fn settings(value: &Value) -> usize {
    value.as_dict().map_or(1, |section| section.len() + 1)
}

/// The setting that an error is about. An unknown one is not part of its path.
fn path(error: &Error) -> Vec<String> {
    let mut path = error.path.clone();
    if let Kind::UnknownField(name, _) = &error.kind
        && path.last() != Some(name)
    {
        path.push(name.clone());
    }
    path
}

fn mend(given: &mut Dict, defaults: &Dict, path: &[String]) {
    match path {
        [section, key]
            if given
                .get(section)
                .is_some_and(|value| value.as_dict().is_some()) =>
        {
            let default = defaults
                .get(section)
                .and_then(Value::as_dict)
                .and_then(|s| s.get(key));
            if let Some(Value::Dict(_, section)) = given.get_mut(section) {
                replace(section, key, default);
            }
        }
        [section, ..] => replace(given, section, defaults.get(section)),
        [] => *given = defaults.clone(),
    }
}

fn replace(dict: &mut Dict, key: &str, default: Option<&Value>) {
    match default {
        Some(default) => dict.insert(key.to_owned(), default.clone()),
        None => dict.remove(key),
    };
}

fn problem(error: &Error) -> String {
    match &error.kind {
        Kind::UnknownField(_, known) => {
            format!("there is no such setting; there are {}", known.join(", "))
        }
        kind => format!("{kind}; default.toml shows what belongs here"),
    }
}

/// The setting's name, and where it was set.
fn named(path: &[String], source: &Figment) -> String {
    let name = path.join(".");
    match source.find_metadata(&name) {
        Some(metadata) if metadata.name.contains("environment") => {
            format!("{PREFIX}{} (environment)", path.join("__").to_uppercase())
        }
        Some(metadata) => match metadata
            .source
            .as_ref()
            .and_then(|source| source.file_path())
        {
            Some(file) => format!("{name} ({})", file.display()),
            None => name,
        },
        None => name,
    }
}

fn place(error: &Error) -> String {
    let file = error
        .metadata
        .as_ref()
        .and_then(|m| m.source.as_ref())
        .and_then(|s| s.file_path());
    match file {
        Some(file) => file.display().to_string(),
        None if error.path.is_empty() => Profile::Default.to_string(),
        None => error.path.join("."),
    }
}
