//! `till demo` as a process of its own, driven over HTTP and by signals.

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A master key that seals nothing.
const NO_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Demo {
    pub ready: Value,
    pub http: reqwest::Client,
    folder: std::path::PathBuf,
    database: String,
    child: Child,
}

/// A command of the program on a database, with the master key of the folder's demo if
/// there is one: its exit code, what it said, and what it complained of.
pub fn till_in(folder: &Path, url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_till"));
    command.args(arguments).env("TILL__DATABASE__URL", url);
    let key = folder.join("data/master.key");
    match key.exists() {
        true => command.env("TILL__SECURITY__MASTER_KEY_FILE", key),
        false => command.env("TILL__SECURITY__MASTER_KEY", NO_KEY),
    };
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

impl Demo {
    pub async fn start(folder: &Path, environment: &[(&str, &str)]) -> Demo {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_till"))
            .args(["demo", "--http", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"])
            .args([
                "--metrics",
                "127.0.0.1:0",
                "--shop",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(folder.join("data"))
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([])
            .build()
            .unwrap();
        let own = format!("sqlite://{}", folder.join("data/till.db").display());
        let given = environment
            .iter()
            .find(|(name, _)| *name == "TILL__DATABASE__URL");
        let mut demo = Demo {
            database: given.map_or(own, |(_, url)| (*url).to_owned()),
            ready: Value::Null,
            http,
            folder: folder.to_owned(),
            child,
        };
        let file = folder.join("data/demo.json");
        demo.ready = demo
            .until("demo.json is there", async || {
                serde_json::from_str(&std::fs::read_to_string(&file).ok()?).ok()
            })
            .await;
        demo
    }

    pub fn url(&self, part: &str) -> &str {
        self.ready[part].as_str().unwrap()
    }

    pub fn key(&self) -> &str {
        self.url("api_key")
    }

    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.url("gateway"));
        let answer = self
            .http
            .get(url)
            .bearer_auth(self.key())
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.url("gateway"));
        let answer = self
            .http
            .post(url)
            .bearer_auth(self.key())
            .json(body)
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    /// Acts as the payer's wallet on what was handed out.
    pub async fn pay(&self, action: &Value) {
        let handed = ["url", "text", "order_string", "params"];
        let artefact = handed.iter().find_map(|key| action.get(*key)).unwrap();
        let opened = self
            .control("payer/open", &json!({ "artefact": artefact }))
            .await;
        let number = opened["out_trade_no"]
            .as_str()
            .unwrap_or_else(|| panic!("{opened}"));
        self.control(&format!("trades/{number}/pay"), &json!({}))
            .await;
    }

    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.url("sandbox"));
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap_or_default()
    }

    /// Everything of this demo that must never be seen, in pieces long enough to
    /// be no accident.
    pub fn secrets(&self, checkout: &str) -> Vec<String> {
        let keys = [
            "master.key",
            "api.key",
            "webhook.secret",
            "alipay_app_private.key",
            "wechat_merchant_private.key",
            "wechat_apiv3.key",
        ];
        let read = |name: &str| {
            std::fs::read_to_string(self.folder.join("data").join(name))
                .unwrap()
                .trim()
                .to_owned()
        };
        let token = checkout.rsplit('/').next().unwrap().to_owned();
        let mut secrets: Vec<String> = keys.iter().map(|name| read(name)).collect();
        // Of a long key every piece is a secret.
        secrets.extend([read(keys[3]), read(keys[4])].map(|key| key[300..340].to_owned()));
        secrets.push(token);
        secrets
    }

    /// A request whose body never comes.
    pub async fn open_request(&self) -> TcpStream {
        let address = self
            .url("gateway")
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /v1/orders HTTP/1.1\r\nhost: till\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\
             expect: 100-continue\r\n\r\n",
            self.key()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // Once the server says so, it has begun with the request, and waits for the rest.
        let mut said = [0; 16];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(&said[..12], b"HTTP/1.1 100");
        stream.write_all(b"{").await.unwrap();
        stream
    }

    /// Another command of the same program on the demo's database: its exit code,
    /// what it said, and what it complained of.
    pub fn till(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        self.till_on(&self.database, arguments)
    }

    /// The same on another database.
    pub fn till_on(&self, url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        till_in(&self.folder, url, arguments)
    }

    /// Executes SQL behind the demo's back.
    pub async fn sql(&self, statements: &str) {
        let options = entities::Options {
            max_connections: 1,
            ..entities::Options::default()
        };
        let database = entities::connect(&self.database, &options).await.unwrap();
        let connection = database.connection();
        connection.execute_unprepared(statements).await.unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits until the log holds these words.
    pub async fn told(&self, words: &str) {
        self.until(words, async || self.log().contains(words).then_some(()))
            .await;
    }

    /// Ends the process and waits for that; its folder and database are still known.
    pub async fn terminate(&mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.gone().await
    }

    /// Stops and returns the exit code and the log.
    pub async fn stop(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.ended().await
    }

    /// Sends a signal again and again until the end.
    pub async fn ended_by(mut self, signal: &str) -> (Option<i32>, String) {
        let began = tokio::time::Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "it does not end: {}",
                self.log()
            );
            self.signal(signal);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.ended().await
    }

    /// Waits for the end and returns the exit code and the log.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        self.gone().await
    }

    async fn gone(&mut self) -> (Option<i32>, String) {
        let began = tokio::time::Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.log());
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a condition.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let began = tokio::time::Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "never came: {what}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
