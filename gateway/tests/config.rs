//! The configuration: layers, mistakes, and what is never shown.
#![cfg(test)]

use gateway::config::{Config, Layers, Mistakes, from_layers};
use std::path::Path;
use std::process::{Command, Output};

/// A master key, so that nothing else is wrong with a configuration.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn read(toml: &str) -> Result<Config, Mistakes> {
    let with_key = format!("{toml}\n[security]\nmaster_key = \"{KEY}\"\n");
    from_layers(Layers {
        built_in: Some(with_key),
        ..Layers::default()
    })
}

/// The places of all mistakes.
fn places(toml: &str) -> Vec<String> {
    read(toml)
        .unwrap_err()
        .iter()
        .map(|mistake| mistake.place.clone())
        .collect()
}

fn till(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_till"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn the_defaults_need_a_master_key_and_nothing_else() {
    let config = read("").unwrap();
    assert_eq!(config.http.listen, "127.0.0.1:8080");
    assert_eq!(
        config.http.public_url(([127, 0, 0, 1], 8080).into()),
        "http://127.0.0.1:8080"
    );
    let mistakes = from_layers(Layers::default()).unwrap_err();
    let places: Vec<_> = mistakes
        .iter()
        .map(|mistake| mistake.place.as_str())
        .collect();
    assert_eq!(places, ["security.master_key_file"]);
    assert!(mistakes.to_string().contains("openssl rand -base64 32"));
}

#[test]
fn every_mistake_is_reported_at_once() {
    let toml = r#"
        [http]
        listen = "nowhere"
        publik_url = "https://pay.example.com"
        request_head_seconds = "ten"
        [metrics]
        listen = "127.0.0.1"
        [database]
        url = "oracle://db"
        max_connections = 0
        [log]
        format = "xml"
        [speed]
        fast = true
    "#;
    let mut found = places(toml);
    found.sort();
    assert_eq!(
        found,
        [
            "database.max_connections",
            "database.url",
            "http.listen",
            "http.publik_url",
            "http.request_head_seconds",
            "log.format",
            "metrics.listen",
            "speed"
        ]
    );
}

#[test]
fn an_unknown_setting_names_the_known_ones() {
    let mistakes = read("[workers]\nenable = false").unwrap_err().to_string();
    assert!(
        mistakes.contains("workers.enable: there is no such setting"),
        "{mistakes}"
    );
    assert!(mistakes.contains("enabled"), "{mistakes}");
}

#[test]
fn dangerous_combinations_are_refused() {
    let cases = [
        (
            "[http]\npublic_url = \"http://pay.example.com\"",
            "http.public_url",
        ),
        ("[http]\nlisten = \"0.0.0.0:8080\"", "http.public_url"),
        (
            "[http]\npublic_url = \"https://user:pass@pay.example.com\"",
            "http.public_url",
        ),
        (
            "[http]\npublic_url = \"https://pay.example.com\"\n\
             [webhook]\nallow_private_addresses = true",
            "webhook.allow_private_addresses",
        ),
        (
            "[http]\npublic_url = \"https://pay.example.com\"\n\
             [checkout]\nwallet_url = \"http://127.0.0.1:8090\"",
            "checkout.wallet_url",
        ),
        ("[metrics]\nlisten = \"127.0.0.1:8080\"", "metrics.listen"),
        ("[metrics]\nlisten = \"0.0.0.0:8080\"", "metrics.listen"),
    ];
    for (toml, place) in cases {
        assert_eq!(places(toml), [place], "{toml}");
    }
}

#[test]
fn what_is_not_dangerous_is_accepted() {
    let accepted = [
        "[http]\npublic_url = \"http://localhost:8080\"\n[webhook]\nallow_private_addresses = true",
        "[http]\nlisten = \"0.0.0.0:8080\"\npublic_url = \"https://pay.example.com/\"",
        "[http]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"",
        "[metrics]\nlisten = \"\"",
    ];
    for toml in accepted {
        read(toml).unwrap();
    }
    let config = read(accepted[1]).unwrap();
    assert_eq!(
        config.http.public_url(([0, 0, 0, 0], 1).into()),
        "https://pay.example.com"
    );
}

#[test]
fn a_master_key_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    std::fs::write(&file, KEY).unwrap();
    let read = |mode: u32| {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let toml = format!("[security]\nmaster_key_file = {:?}", file);
        from_layers(Layers {
            built_in: Some(toml),
            ..Layers::default()
        })
    };
    read(0o600).unwrap();
    read(0o440).unwrap();
    assert!(read(0o644).unwrap_err().to_string().contains("chmod 600"));
}

#[test]
fn the_file_comes_before_the_defaults_and_the_environment_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("till.toml");
    let toml = "[http]\nlisten = \"127.0.0.1:1111\"\nbody_limit_bytes = 5000\n";
    std::fs::write(&file, toml).unwrap();
    let file = file.to_str().unwrap();
    let environment = [
        ("TILL__HTTP__LISTEN", "127.0.0.1:2222"),
        ("TILL__SECURITY__MASTER_KEY", KEY),
        (
            "TILL__DATABASE__URL",
            "postgres://till:CANARY@db.example.com/till",
        ),
    ];
    let output = till(&["config", "check", "--config", file], &environment);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(shown.contains("listen = \"127.0.0.1:2222\""), "{shown}");
    assert!(shown.contains("body_limit_bytes = 5000"), "{shown}");
    assert!(shown.contains("db.example.com/till"), "{shown}");
    assert!(!shown.contains("CANARY") && !shown.contains(KEY), "{shown}");
}

#[test]
fn config_check_fails_with_every_mistake_and_where_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("till.toml");
    std::fs::write(&file, "[http]\nlisten = 7\n").unwrap();
    let file = file.to_str().unwrap();
    let environment = [
        ("TILL__LOG__LEVEL", "info"),
        ("TILL__SECURITY__MASTER_KEY", "short"),
    ];
    let output = till(&["config", "check", "--config", file], &environment);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains(&format!("http.listen ({file})")), "{told}");
    assert!(
        told.contains("TILL__LOG__LEVEL (environment): there is no such setting"),
        "{told}"
    );
    assert!(told.contains("security.master_key: "), "{told}");
}

#[test]
fn targets_of_alerts_are_checked() {
    let target = |rest: &str| format!("alerts.targets = [{{ name = \"duty\", {rest} }}]\n");
    let robot = "url = \"https://robot.example/send?key=1\"";
    for sound in [
        format!("format = \"wecom\", {robot}"),
        format!("format = \"dingtalk\", {robot}, secret = \"SEC1\""),
        format!("format = \"feishu\", {robot}"),
        format!("format = \"generic\", {robot}"),
    ] {
        read(&target(&sound)).unwrap();
    }
    let cases = [
        (
            format!("format = \"wecom\", {robot}, secret = \"S\""),
            "secret",
        ),
        (
            format!("format = \"generic\", {robot}, secret = \"S\""),
            "secret",
        ),
        (
            format!("format = \"feishu\", {robot}, secret = \"\""),
            "secret",
        ),
        (
            "format = \"wecom\", url = \"http://robot.example\"".to_owned(),
            "url",
        ),
        ("format = \"wecom\", url = \"robot\"".to_owned(), "url"),
    ];
    for (broken, place) in cases {
        assert_eq!(
            places(&target(&broken)),
            [format!("alerts.targets[0].{place}")]
        );
    }
    let twice = format!(
        "alerts.targets = [{{ name = \"a\", format = \"wecom\", {robot} }}, \
         {{ name = \"a\", format = \"wecom\", {robot} }}, \
         {{ name = \"B c\", format = \"wecom\", {robot} }}]\n"
    );
    let names = ["alerts.targets[1].name", "alerts.targets[2].name"];
    assert_eq!(places(&twice), names);
    assert!(read(&target(&format!("format = \"slack\", {robot}"))).is_err());
}

#[test]
fn a_target_of_alerts_is_shown_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("till.toml");
    let toml = "[alerts]\ntargets = [{ name = \"duty\", format = \"dingtalk\", \
                url = \"https://robot.example/send?access_token=CANARY\", secret = \"CANARY\" }]\n";
    std::fs::write(&file, toml).unwrap();
    let arguments = ["config", "check", "--config", file.to_str().unwrap()];
    let output = till(&arguments, &[("TILL__SECURITY__MASTER_KEY", KEY)]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    assert!(
        shown.contains("duty") && shown.contains("dingtalk"),
        "{shown}"
    );
    assert!(!shown.contains("CANARY"), "{shown}");
}

#[test]
fn an_operator_is_added_with_a_key_that_is_shown_once_listed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("till.db").display()
    );
    let environment = [
        ("TILL__SECURITY__MASTER_KEY", KEY),
        ("TILL__DATABASE__URL", url.as_str()),
    ];
    let run = |arguments: &[&str]| {
        let output = till(&[&["operator"], arguments].concat(), &environment);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (done, key, said) = run(&["add", "li_lei"]);
    assert!(done, "{said}");
    let random = key.trim().strip_prefix("till_ops_").unwrap();
    assert!(random.len() >= 32 && random.bytes().all(|b| b.is_ascii_alphanumeric()));
    let (_, listed, _) = run(&["list"]);
    assert_eq!(listed, format!("li_lei …{}\n", &random[random.len() - 4..]));
    for (arguments, advice) in [
        (["add", "li_lei"], "already"),
        (["add", "till"], "1 to 32 characters"),
        (["remove", "nobody"], "till operator list"),
    ] {
        let (done, _, said) = run(&arguments);
        assert!(!done && said.contains(advice), "{said}");
    }
    assert!(run(&["remove", "li_lei"]).0);
    assert_eq!(run(&["list"]).1, "");
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_named() {
    let missing = till(&["config", "check", "--config", "/nowhere/till.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/till.toml"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("till.toml");
    std::fs::write(&file, "[http\nlisten = 7\n").unwrap();
    let broken = till(
        &["config", "check", "--config", file.to_str().unwrap()],
        &[],
    );
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("till.toml"));
}

#[test]
fn the_manual_explains_every_setting() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("default.toml");
    let manual = std::fs::read_to_string(manual).unwrap();
    let mut explained = false;
    for line in manual.lines() {
        if line.starts_with('#') {
            explained = true;
        } else if line.starts_with('[') || line.is_empty() {
            explained = false;
        } else {
            assert!(explained, "no comment above {line:?}");
        }
    }
}
