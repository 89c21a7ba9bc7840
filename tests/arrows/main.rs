//! The arrows of the house, read from Cargo.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::process::Command;

const MEMBERS: [&str; 6] = [
    "cashier",
    "channels",
    "entities",
    "gateway",
    "migrations",
    "sandbox",
];

/// Everything that a member is built from, itself left out.
fn built_from(member: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--package",
            member,
            "--edges",
            "normal,build",
        ])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != member)
        .map(str::to_owned)
        .collect()
}

fn ours(member: &str) -> Vec<String> {
    built_from(member)
        .into_iter()
        .filter(|name| MEMBERS.contains(&name.as_str()))
        .collect()
}

#[test]
fn the_arrows_point_one_way() {
    assert_eq!(ours("cashier"), [""; 0]);
    assert_eq!(ours("sandbox"), [""; 0]);
    assert_eq!(ours("migrations"), [""; 0]);
    assert_eq!(ours("channels"), ["cashier"]);
    assert_eq!(ours("entities"), ["cashier"]);
    assert_eq!(
        ours("gateway"),
        ["cashier", "channels", "entities", "migrations", "sandbox"]
    );
}

#[test]
fn the_core_knows_no_runtime_no_database_and_no_http() {
    let banned = [
        "tokio",
        "async-std",
        "smol",
        "futures",
        "sea-orm",
        "sqlx",
        "rusqlite",
        "redis",
        "actix",
        "hyper",
        "reqwest",
        "http",
        "rustls",
        "rand",
        "getrandom",
        "tracing",
    ];
    let offenders: Vec<String> = built_from("cashier")
        .into_iter()
        .filter(|name| {
            banned
                .iter()
                .any(|no| name == no || name.starts_with(&format!("{no}-")))
        })
        .collect();
    assert_eq!(offenders, [""; 0]);
}

/// Shows F49.
#[test]
fn nothing_that_may_be_down_stands_beside_the_database() {
    let known = [
        "redis", "fred", "lapin", "amqp", "amqprs", "rdkafka", "memcache", "etcd", "nats", "pulsar",
    ];
    let clients: Vec<String> = built_from("gateway")
        .into_iter()
        .filter(|name| {
            known
                .iter()
                .any(|no| name == no || name.starts_with(&format!("{no}-")))
        })
        .collect();
    assert_eq!(clients, [""; 0]);
}

#[test]
fn one_provider_does_all_cryptography() {
    let gateway = built_from("gateway");
    assert!(gateway.contains("aws-lc-rs"));
    for other in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!gateway.contains(other), "{other}");
    }
}

#[test]
fn each_member_is_on_the_map() {
    let map = include_str!("../../ARCHITECTURE.md");
    for member in MEMBERS {
        assert!(
            map.contains(&format!("\n{member}/")),
            "{member} is missing from ARCHITECTURE.md"
        );
    }
}
