//! The stage: everything started in its order, played, and taken down.

use crate::accounts::{self, Secrets};
use crate::books::{self, Believed};
use crate::channels::Channels;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::load::Load;
use crate::merchant::Merchant;
use crate::node::{CLOCK, Node, Program};
use crate::options::{Options, Store};
use crate::postgres::Postgres;
use crate::proxy::Proxy;
use crate::receiver::Receiver;
use crate::report::{self, Report};
use crate::rest;
use crate::setting::{config, free_port, import, panics, points, settings, start_sandbox};
use crate::story::{Cast, Made};
use crate::trouble::Trouble;
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The share of calls to the channels that go wrong, by fault.
const CALLS: [(&str, f64); 5] = [
    ("timeout_before", 0.025),
    ("timeout_after", 0.025),
    ("http_500", 0.01),
    ("garbage", 0.01),
    ("bad_signature", 0.01),
];
/// The share of notices that go wrong, by fault.
const NOTICES: [(&str, f64); 4] = [
    ("drop", 0.2),
    ("duplicate", 0.1),
    ("reorder", 0.03),
    ("bad_signature", 0.01),
];

/// How long after the faults' end the last story may end: none waits longer for an
/// answer that it needs before the next one.
const STORIES: Duration = Duration::from_secs(240);

/// Runs everything. Whether it went well, and the report.
///
/// # Panics
/// When the stage itself does not work.
pub async fn run(options: &Options) -> (bool, String) {
    let folder = Folder::new(options);
    let stage = Stage::start(options, folder.path()).await;
    let (is_good, text) = stage.play(options).await;
    let text = match is_good {
        true => text,
        false => format!("{text}\n{}\n", folder.keep()),
    };
    (is_good, text)
}

/// Where everything is written.
enum Folder {
    Given(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn new(options: &Options) -> Folder {
        match &options.data {
            Some(path) => {
                fs::create_dir_all(path).unwrap();
                Folder::Given(path.canonicalize().unwrap())
            }
            None => Folder::Temporary(tempfile::tempdir().unwrap()),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Folder::Given(path) => path,
            Folder::Temporary(folder) => folder.path(),
        }
    }

    /// Keeps it, and says what is in it.
    fn keep(self) -> String {
        let path = match self {
            Folder::Given(path) => path,
            Folder::Temporary(folder) => folder.keep(),
        };
        let path = path.display();
        format!(
            "Everything is kept in {path}: *.log of each process, ledger.json (the channels' books), \
             till.sql or till.db (Till's), report.txt.\nAn order's timeline: \
             SELECT at, source, subject, text FROM journal WHERE order_id = 'ord_…' ORDER BY position;"
        )
    }
}

struct Stage {
    folder: PathBuf,
    sandbox: Node,
    channels: Channels,
    receiver: Arc<Receiver>,
    trouble: Trouble,
    database: entities::Database,
    postgres: Option<Postgres>,
    cast: Cast,
    counts: Arc<Counts>,
}

impl Stage {
    async fn start(options: &Options, folder: &Path) -> Stage {
        let program = Program {
            till: options.till.canonicalize().unwrap(),
            folder: folder.to_owned(),
        };
        let counts = Arc::new(Counts::default());
        let (sandbox, channels) = start_sandbox(&program).await;
        let secrets = Secrets::generate();
        let receiver = Arc::new(Receiver::start(&secrets.webhook));
        let accounts = accounts::write(folder, &channels, &secrets, &receiver.url).await;
        let place = Place::of(options, folder).await;
        let points = points(&program);
        let imported = import(&program, &place.url, &accounts, None);
        assert!(
            imported.success(),
            "the accounts were not imported: {imported}"
        );
        let database = entities::connect(&place.url, &entities::Options::default())
            .await
            .unwrap();
        let (nodes, proxies, gateways) = nodes(options, &program, &place).await;
        let mut trouble = Trouble::new(
            nodes,
            proxies,
            receiver.clone(),
            counts.clone(),
            options.seed,
        );
        trouble.points = points;
        trouble.postgres = place.postgres.clone();
        trouble.disk = place.disk;
        let merchant = Merchant::new(gateways, secrets.api_key, counts.clone());
        let cast = Cast {
            merchant,
            channels: channels.clone(),
            counts: counts.clone(),
            made: Arc::new(Made::default()),
        };
        Stage {
            folder: folder.to_owned(),
            sandbox,
            channels,
            receiver,
            trouble,
            database,
            postgres: place.postgres,
            cast,
            counts,
        }
    }

    async fn play(mut self, options: &Options) -> (bool, String) {
        for node in &mut self.trouble.nodes {
            node.start(None);
        }
        if !options.calm {
            arm(&self.channels, options.seed).await;
        }
        let end = Instant::now() + options.span();
        let load = Load {
            rate: options.rate,
            seed: options.seed,
            quick: options.quick,
            end,
        };
        let load = tokio::spawn(load.run(self.cast.clone()));
        match options.calm {
            true => self.watch(end).await,
            false => self.trouble.run(options.span(), end).await,
        }
        let struck = self.channels.mend().await;
        let faults_end = Instant::now();
        let db = self.database.connection().clone();
        // Whoever is still in the middle of a story comes to its end.
        while !load.is_finished() {
            self.trouble.supervise();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let mut wrong = Vec::new();
        let load_took = faults_end.elapsed();
        if load_took > STORIES {
            wrong.push(format!("stories went on for {} s", load_took.as_secs()));
        }
        if let Err(error) = load.await {
            wrong.push(format!("the load broke: {error}"));
        }
        self.ask_again(&db).await;
        // Nothing can rest while somebody still wants something.
        let quiet = faults_end + load_took;
        let rest = rest::wait(&db, &mut self.trouble, quiet).await;
        self.judge(options, &struck, &rest, wrong).await
    }

    /// Keeps the processes alive and breaks nothing.
    async fn watch(&mut self, end: Instant) {
        while Instant::now() < end {
            self.trouble.supervise();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The merchant's server is up again: it asks for what it refused so often that
    /// its turn would come only in minutes or hours.
    async fn ask_again(&self, db: &sea_orm::DatabaseConnection) {
        let mut dice = Dice::new(0);
        for event in rest::refused(db).await {
            if self.cast.merchant.redeliver(&mut dice, &event).await {
                self.counts.add("events asked for again");
            }
        }
    }

    async fn judge(
        mut self,
        options: &Options,
        struck: &std::collections::BTreeMap<String, u64>,
        rest: &rest::Rest,
        mut wrong: Vec<String>,
    ) -> (bool, String) {
        let shown = self.channels.ledger().await;
        let rows = books::read(&self.database).await;
        let believed = Believed {
            taken: self.receiver.taken(),
            refused: self.receiver.refused(),
            orders: self.cast.made.orders(),
            refunds: self.cast.made.refunds(),
        };
        let verdict = books::compare(&rows, &shown, &believed, crate::clock::now());
        wrong.extend(panics(&self.folder));
        if self.receiver.unsigned() > 0 {
            let unsigned = self.receiver.unsigned();
            wrong.push(format!("{unsigned} webhooks had no signature that holds"));
        }
        if self.counts.get("orders") == 0 {
            wrong.push("no order was made at all".to_owned());
        }
        let report = Report {
            options,
            counts: &self.counts,
            struck,
            points: &self.trouble.points,
            rest,
            verdict: &verdict,
            wrong: &wrong,
        };
        let (is_good, mut text) = (report.is_good(), report.text());
        if !is_good {
            let suspects = report::suspects(&verdict, &rows);
            text.push_str(&report::timelines(&self.database, &suspects).await);
            self.keep_evidence(&shown, &text).await;
        }
        for node in &mut self.trouble.nodes {
            node.kill();
        }
        self.sandbox.kill();
        self.receiver.stop().await;
        if let Some(postgres) = &self.postgres {
            postgres.remove().await;
        }
        (is_good, text)
    }

    async fn keep_evidence(&self, shown: &serde_json::Value, text: &str) {
        fs::write(self.folder.join("ledger.json"), shown.to_string()).unwrap();
        fs::write(self.folder.join("report.txt"), text).unwrap();
        match &self.postgres {
            Some(postgres) => postgres.dump(&self.folder.join("till.sql")),
            None => {
                // The file may lie on a disk in memory, which goes away.
                let copy = self.folder.join("till.db");
                let copy = format!("VACUUM INTO '{}'", copy.display());
                let db = self.database.connection();
                db.execute_unprepared(&copy).await.unwrap();
            }
        }
    }
}

/// Where the database is.
struct Place {
    url: String,
    postgres: Option<Postgres>,
    disk: Option<Disk>,
}

impl Place {
    async fn of(options: &Options, folder: &Path) -> Place {
        match options.store {
            Store::Postgres => {
                let (Some(server), Some(home)) = (&options.postgres_url, &options.postgres_folder)
                else {
                    panic!("a PostgreSQL server is needed: run within tests/setup/with-servers");
                };
                let postgres = Postgres::new_database(server, home, &options.setup).await;
                Place {
                    url: postgres.url(),
                    postgres: Some(postgres),
                    disk: None,
                }
            }
            Store::Sqlite => {
                let path = folder.join("disk");
                let disk = Disk::mount(&path);
                Place {
                    url: format!("sqlite://{}/till.db?mode=rwc", path.display()),
                    postgres: None,
                    disk,
                }
            }
        }
    }
}

async fn nodes(
    options: &Options,
    program: &Program,
    place: &Place,
) -> (Vec<Node>, Vec<Proxy>, Vec<String>) {
    let addrs = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let gateways = |count: usize| {
        addrs
            .iter()
            .take(count)
            .map(|a| format!("http://{a}"))
            .collect()
    };
    let Some(postgres) = &place.postgres else {
        let settings = settings(&place.url, &addrs[0]);
        let node = Node::new(
            "till",
            program,
            &["serve", "--config", &config(program)],
            settings,
        );
        return (vec![node], Vec::new(), gateways(1));
    };
    let (mut nodes, mut proxies) = (Vec::new(), Vec::new());
    for (name, word, addr) in [
        ("gateway-1", "serve", &addrs[0]),
        ("gateway-2", "serve", &addrs[1]),
        ("worker", "worker", &addrs[0]),
    ] {
        let proxy = Proxy::start(postgres.addr()).await;
        let mut settings = settings(&postgres.url_through(&proxy), addr);
        if name == "gateway-1" {
            settings.push(("TILL__WORKERS__ENABLED".to_owned(), "false".to_owned()));
        }
        if name == "gateway-2" && options.skew() != 0 {
            settings.push((CLOCK.to_owned(), options.skew().to_string()));
        }
        nodes.push(Node::new(
            name,
            program,
            &[word, "--config", &config(program)],
            settings,
        ));
        proxies.push(proxy);
    }
    (nodes, proxies, gateways(2))
}

async fn arm(channels: &Channels, seed: u64) {
    for (place, (fault, rate)) in (1_u64..).zip(CALLS) {
        for family in ["alipay.*", "wechat.*"] {
            channels
                .break_it(&json!({
                    "method": family, "fault": fault, "rate": rate, "seed": seed ^ place,
                    "delay_ms": 1500,
                }))
                .await;
        }
    }
    for (place, (fault, rate)) in (100_u64..).zip(NOTICES) {
        channels
            .break_it(&json!({
                "method": "notice.*", "fault": fault, "rate": rate, "seed": seed ^ place,
            }))
            .await;
    }
}
