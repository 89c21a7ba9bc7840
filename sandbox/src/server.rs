//! The running sandbox: one HTTP server with both channels, the wallet and the control API.
//!
//! [`start`] binds an address (port 0 picks a free one) inside the caller's tokio runtime;
//! [`Sandbox`] is the same thing from inside: what HTTP control can do, a caller in the process
//! can do by a function.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::account::Accounts;
use crate::alipay::Desk;
use crate::artefacts::Artefacts;
use crate::barcode::Barcodes;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::key::KeyError;
use crate::ledger::{Channel, Ledger};
use crate::notice::{self, ALIPAY_SCHEDULE, DeliveryLog, WECHAT_SCHEDULE};
use crate::persist::{self, StateError};
use crate::tls::{self, Visitors};
use crate::wechat::Unsaved;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// How long an open connection may be silent between two requests: longer than clients keep
/// theirs, so that no call meets a connection that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How a sandbox runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 picks a free one.
    pub addr: String,
    /// Where it listens for https too, which WeChat Pay's v2 needs for a client's certificate;
    /// none, it does not. Port 0 picks a free one.
    pub https_addr: Option<String>,
    /// Where payers' browsers reach it, if that is not `http://<addr>` (a container's name, a
    /// mapped port). Without a slash at the end.
    pub public_url: Option<String>,
    /// How many times as fast as real time sandbox time runs; 1 is real time.
    pub time_factor: u32,
    /// Where everything is kept between two runs; none, everything is forgotten.
    pub state_file: Option<PathBuf>,
    /// Alipay's waits between deliveries of a notice, sandbox time.
    pub alipay_schedule: Vec<Duration>,
    /// WeChat Pay's waits between deliveries of a notice, sandbox time.
    pub wechat_schedule: Vec<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:0".to_owned(),
            https_addr: None,
            public_url: None,
            time_factor: 1,
            state_file: None,
            alipay_schedule: ALIPAY_SCHEDULE.to_vec(),
            wechat_schedule: WECHAT_SCHEDULE.to_vec(),
        }
    }
}

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {addr}: {source}; give a free address, or port 0")]
    Bind {
        /// As configured.
        addr: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The client for notices cannot be built.
    #[error("the sandbox's HTTP client for notices cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// The https port has no certificate.
    #[error("the sandbox's https port has no certificate: {0}")]
    Certificate(#[from] KeyError),
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Trades and refunds.
    pub ledger: Ledger,
    /// What was handed out.
    pub artefacts: Artefacts,
    /// What wallets showed.
    pub barcodes: Barcodes,
    /// What only Alipay keeps.
    pub alipay: Desk,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    accounts: Accounts,
    world: Mutex<World>,
    faults: Faults,
    deliveries: DeliveryLog,
    wechat: Arc<Unsaved>,
    http: reqwest::Client,
    address: OnceLock<SocketAddr>,
    visitors: Visitors,
    tasks: Mutex<JoinSet<()>>,
    changed: Notify,
    /// The next moment at which a trade changes by itself is another one now.
    deadline: Notify,
}

/// A sandbox from inside. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    fn new(settings: Settings) -> Result<Self, StartError> {
        let saved = match &settings.state_file {
            Some(path) => persist::load(path)?,
            None => persist::Loaded::default(),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                clock: Clock::resumed(settings.time_factor, saved.ahead),
                accounts: saved.accounts,
                world: Mutex::new(saved.world),
                faults: Faults::default(),
                deliveries: DeliveryLog::default(),
                wechat: Arc::default(),
                http: notice::client()?,
                address: OnceLock::new(),
                visitors: Visitors::default(),
                tasks: Mutex::new(JoinSet::new()),
                changed: Notify::new(),
                deadline: Notify::new(),
                settings,
            }),
        })
    }

    /// Sandbox time.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Who may call.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.shared.accounts
    }

    /// What is broken on purpose.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What WeChat Pay keeps only while it runs.
    pub(crate) fn wechat(&self) -> &Arc<Unsaved> {
        &self.shared.wechat
    }

    /// What was delivered.
    pub fn deliveries(&self) -> &DeliveryLog {
        &self.shared.deliveries
    }

    /// Does something with the ledger and the artefacts, alone, at the current sandbox time and
    /// after time has done its work. Everything inside happens at once for everybody else.
    pub(crate) fn with_world<T>(&self, act: impl FnOnce(&mut World, DateTime<Utc>) -> T) -> T {
        let mut world = self
            .shared
            .world
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.shared.clock.now();
        world.ledger.catch_up(now);
        let due = world.ledger.next_deadline();
        let result = act(&mut world, now);
        let turns = world.ledger.take_turns();
        let sooner = world.ledger.next_deadline() != due;
        drop(world);
        self.shared.changed.notify_one();
        if sooner {
            self.shared.deadline.notify_one();
        }
        for (trade, turn) in turns {
            notice::announce(self, &trade, turn.into());
        }
        result
    }

    /// Lets what falls due happen when it does, though nobody calls.
    async fn keep_time(self) {
        loop {
            let deadline = self.shared.deadline.notified();
            match self.read_world(|world| world.ledger.next_deadline()) {
                None => deadline.await,
                Some(at) => {
                    tokio::select! {
                        () = deadline => {}
                        () = self.shared.clock.reached(at) => self.with_world(|_, _| ()),
                    }
                }
            }
        }
    }

    /// Looks at the ledger and the artefacts as they stand, without counting as a change.
    pub(crate) fn read_world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(
            &self
                .shared
                .world
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Where payers reach the sandbox, without a slash at the end.
    pub fn public_url(&self) -> String {
        match (&self.shared.settings.public_url, self.shared.address.get()) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(address)) => format!("http://{address}"),
            (None, None) => format!("http://{}", self.shared.settings.addr),
        }
    }

    /// Runs a task that ends with the sandbox.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self
            .shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.shared.http
    }

    pub(crate) fn visitors(&self) -> &Visitors {
        &self.shared.visitors
    }

    pub(crate) fn notice_schedule(&self, channel: Channel) -> &[Duration] {
        match channel {
            Channel::Alipay => &self.shared.settings.alipay_schedule,
            Channel::Wechat => &self.shared.settings.wechat_schedule,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Something is to be saved.
    pub(crate) fn note_change(&self) {
        self.shared.changed.notify_one();
    }

    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }
}

/// A sandbox that runs.
#[derive(Debug)]
pub struct Running {
    sandbox: Sandbox,
    addr: SocketAddr,
    https: Option<SocketAddr>,
    server: ServerHandle,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `https://` and the address, if there is one. Verified with the `ca_certificate_pem` that
    /// registering a v2 merchant answers.
    pub fn https_url(&self) -> Option<String> {
        self.https.map(|addr| format!("https://{addr}"))
    }

    /// The sandbox from inside.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Stops: open calls are dropped, undelivered notices are forgotten, the state is saved.
    pub async fn stop(self) {
        self.server.stop(false).await;
        self.sandbox
            .shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        if let Err(error) = persist::save(&self.sandbox) {
            tracing::error!(%error, "the sandbox's state was not saved");
        }
    }
}

/// Starts a sandbox inside the current tokio runtime.
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let bind = |source| StartError::Bind {
        addr: settings.addr.clone(),
        source,
    };
    let listener = TcpListener::bind(&settings.addr).map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    let sandbox = Sandbox::new(settings.clone())?;
    // The lock was made a moment ago: nobody else can have set it.
    let _ = sandbox.shared.address.set(addr);
    let shared = web::Data::new(sandbox.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .configure(crate::alipay::configure)
            .configure(crate::wechat::configure)
            .configure(crate::wechat_v2::configure)
            .configure(crate::control::configure)
            .configure(crate::wallet::configure)
    })
    .workers(1)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener)
    .map_err(bind)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    sandbox.spawn(sandbox.clone().keep_time());
    let https = match &settings.https_addr {
        Some(https_addr) => Some(open_https(&sandbox, https_addr, addr).await?),
        None => None,
    };
    if sandbox.settings().state_file.is_some() {
        sandbox.spawn(persist::keep(sandbox.clone()));
    }
    tracing::info!(%addr, "sandbox is running");
    Ok(Running {
        sandbox,
        addr,
        https,
        server: handle,
    })
}

/// Listens for https in front of the server at `plain`.
async fn open_https(
    sandbox: &Sandbox,
    https_addr: &str,
    plain: SocketAddr,
) -> Result<SocketAddr, StartError> {
    let bind = |source| StartError::Bind {
        addr: https_addr.to_owned(),
        source,
    };
    let listener = tokio::net::TcpListener::bind(https_addr)
        .await
        .map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    let public = url::Url::parse(&sandbox.public_url()).ok();
    let public = public.as_ref().and_then(url::Url::host_str);
    names.extend(
        public
            .map(|host| host.trim_matches(['[', ']']).to_owned())
            .filter(|host| !names.contains(host)),
    );
    let authority = sandbox.accounts().wechat_v2().authority()?;
    let acceptor = tls::acceptor(&authority.issue_to_server(&names)?)?;
    sandbox.spawn(tls::serve(sandbox.clone(), listener, acceptor, plain));
    Ok(addr)
}
