//! The server under attack, and what every answer is held against.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use studyroute::ambient::Ambient;
use studyroute::config::Config;
use studyroute::domain::time;
use tokio_util::sync::CancellationToken;

/// The server's clock, so that times in the tables mean the same tomorrow.
pub const NOW: &str = "2026-11-23T10:20:00+08:00";
/// Every request is answered or its connection closed within this.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// After a whole answer on a connection that stays open, a second one would come within this.
const SILENCE: Duration = Duration::from_millis(150);
/// Words of the inside. A request may contain them; an answer only if the request did.
const INTERNAL: [&str; 16] = [
    "serde",
    "sqlx",
    "sqlite",
    "axum",
    "hyper",
    "tokio",
    "panick",
    "unwrap",
    "backtrace",
    ".rs:",
    "/src/",
    "/root",
    "struct ",
    "f64",
    "usize",
    "select ",
];

/// One server for all tests of this process.
pub struct Rig {
    pub address: SocketAddr,
    pub token: String,
}

/// What must become of a request.
#[derive(Clone, Debug)]
pub enum Want {
    /// This status, which is no refusal.
    Done(u16),
    /// This status as a problem with this code.
    Problem(u16, &'static str),
    /// Some 4xx: a problem, or bare where the request was none.
    Refused,
    /// Some 4xx or no answer at all, and the connection closed.
    Parted,
    /// Refused, or done with one of these statuses: both are well-defined.
    Either(&'static [u16]),
}

/// One hostile request, or an honest one among them.
pub struct Case {
    pub name: String,
    pub request: Vec<u8>,
    pub want: Want,
}

/// What came back.
pub struct Answer {
    pub status: Option<u16>,
    pub head: String,
    pub body: Vec<u8>,
    pub answers: usize,
    pub closed: bool,
    pub took: Duration,
}

impl Case {
    pub fn new(name: impl Into<String>, request: impl Into<Vec<u8>>, want: Want) -> Self {
        Self { name: name.into(), request: request.into(), want }
    }
}

/// The server, started when first asked for.
pub fn rig() -> &'static Rig {
    static RIG: OnceLock<Rig> = OnceLock::new();
    RIG.get_or_init(start)
}

fn start() -> Rig {
    let folder = Box::leak(Box::new(tempfile::tempdir().expect("a folder")));
    let many = NonZeroU32::new(1_000_000).expect("not 0");
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: format!("sqlite:{}", folder.path().join("hostile.db").display()),
        database_replica: String::new(),
        assets: String::new(),
        routes_data: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/routes-data")),
        trusted_proxies: Vec::new(),
        log: "off".into(),
        access_log: false,
        map_tiles: None,
        connections_max: 1_000,
        connections_per_address_max: 1_000,
        participants_burst: many,
        participants_per_minute: many,
        failed_keys_per_minute: NonZeroU32::MAX,
        queue_max: 8_192,
        batch_max: 512,
        retention: studyroute::config::Retention { tokens_days: 30, participants_days: 90, audit_days: 190 },
        drain: Duration::from_secs(1),
    };
    let now_ms = time::parse_rfc3339(NOW).expect("a time");
    let (address, addresses) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let listener = tokio::net::TcpListener::bind(config.listen).await.expect("a port");
            address.send(listener.local_addr().expect("an address")).expect("somebody waits");
            let served = studyroute::app::serve_on(
                listener,
                config,
                Ambient::with_clock(move || now_ms),
                CancellationToken::new(),
            );
            served.await.expect("it serves");
        });
    });
    let mut rig = Rig { address: addresses.recv().expect("it starts"), token: String::new() };
    rig.wait_until_ready();
    rig.token = rig.new_token();
    rig
}

impl Rig {
    fn wait_until_ready(&self) {
        let started = Instant::now();
        while self.exchange(get("/readyz", "").as_bytes()).status != Some(200) {
            assert!(started.elapsed() < Duration::from_secs(30), "the server does not become ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn new_token(&self) -> String {
        let answer = self.exchange(&post("/v1/participants", "", "{}"));
        let created: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        created["token"].as_str().expect("a token").to_string()
    }

    /// `Authorization` for the participant of all cases.
    pub fn auth(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// Sends bytes on a new connection and reads what comes until the end, or until nothing more comes.
    pub fn exchange(&self, request: &[u8]) -> Answer {
        let started = Instant::now();
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_write_timeout(Some(ANSWER_MAX)).expect("a limit");
        let mut writer = stream.try_clone().expect("a second handle");
        let (mut seen, mut closed) = (Vec::new(), false);
        std::thread::scope(|scope| {
            // Answers may come before all is sent; whoever does not read then gets neither done.
            scope.spawn(move || drop(writer.write_all(request)));
            let mut piece = vec![0; 64 * 1024];
            while started.elapsed() < ANSWER_MAX {
                let wait = if is_whole(&seen) { SILENCE } else { ANSWER_MAX };
                stream.set_read_timeout(Some(wait)).expect("a limit");
                match stream.read(&mut piece) {
                    Ok(0) => closed = true,
                    Ok(n) => seen.extend_from_slice(&piece[..n]),
                    Err(error) => closed = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                }
                if closed || (is_whole(&seen) && wait == SILENCE) {
                    break;
                }
            }
            drop(stream.shutdown(std::net::Shutdown::Both));
        });
        Answer::new(&seen, closed, started.elapsed())
    }

    /// Every case does what its table says, and the server is well after the block.
    pub fn check(&self, cases: &[Case]) {
        assert!(cases.iter().any(|case| matches!(case.want, Want::Done(_))), "a block without an honest request");
        let mistakes: Vec<String> = cases.iter().filter_map(|case| self.mistake(case)).collect();
        assert!(mistakes.is_empty(), "{} of {} cases:\n{}", mistakes.len(), cases.len(), mistakes.join("\n"));
        self.assert_well();
    }

    pub fn assert_well(&self) {
        assert_eq!(self.exchange(get("/healthz", "").as_bytes()).status, Some(200));
        let near = self.exchange(get("/v1/nearby?lat=35.5976&lon=116.9842", "").as_bytes());
        assert!(near.status == Some(200) && near.body.windows(12).any(|w| w == b"dacheng-hall"), "nearby is not well");
    }

    fn mistake(&self, case: &Case) -> Option<String> {
        let answer = self.exchange(&case.request);
        let wrong = answer.wrong(case)?;
        let body: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
        Some(format!("- {}: {wrong}; wanted {:?}, got {:?} {body}", case.name, case.want, answer.status))
    }
}

impl Answer {
    fn new(seen: &[u8], closed: bool, took: Duration) -> Self {
        let seen = seen.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(seen);
        let end = seen.windows(4).position(|w| w == b"\r\n\r\n").map_or(seen.len(), |at| at + 4);
        let head = String::from_utf8_lossy(&seen[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let answers = seen.windows(7).filter(|w| *w == b"HTTP/1.").count();
        Self { status, head, body: seen[end..].to_vec(), answers, closed, took }
    }

    fn wrong(&self, case: &Case) -> Option<String> {
        let Some(status) = self.status else {
            let may = matches!(case.want, Want::Parted) && self.closed;
            return (!may).then(|| format!("no answer, closed: {}, after {:?}", self.closed, self.took));
        };
        if status >= 500 {
            return Some("a 5xx".into());
        }
        if self.took >= ANSWER_MAX {
            return Some(format!("it took {:?}", self.took));
        }
        if self.answers > 1 {
            return Some("two answers to one request".into());
        }
        if let Some(word) = self.internal_word(&case.request) {
            return Some(format!("says {word:?}"));
        }
        let refused = (400..500).contains(&status);
        if refused && let Some(wrong) = self.wrong_problem(&case.want) {
            return Some(wrong);
        }
        let right = match case.want {
            Want::Done(wanted) | Want::Problem(wanted, _) => status == wanted,
            Want::Refused => refused,
            Want::Parted => refused && self.closed,
            Want::Either(done) => refused || done.contains(&status),
        };
        (!right).then(|| "another outcome".into())
    }

    /// The door's answers to what is no request at all are bare; all others say what is wrong.
    fn wrong_problem(&self, want: &Want) -> Option<String> {
        if self.body.is_empty() && self.head.contains("content-length: 0\r\n") && self.closed {
            return matches!(want, Want::Problem(..)).then(|| "a bare refusal".into());
        }
        if !self.head.contains("content-type: application/problem+json\r\n") {
            return Some("a refusal that is no problem+json".into());
        }
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        let whole = problem["status"].as_u64() == self.status.map(u64::from)
            && ["type", "title", "detail"].iter().all(|member| problem[*member].is_string());
        match want {
            _ if !whole || code.is_empty() => Some("a problem that lacks members".into()),
            Want::Problem(_, wanted) if code != *wanted => Some(format!("another code: {code}")),
            _ => None,
        }
    }

    fn internal_word(&self, request: &[u8]) -> Option<&'static str> {
        // A request's id is random, and may read like anything.
        let head: String = self.head.lines().filter(|line| !line.starts_with("x-request-id:")).collect();
        let said = head + &String::from_utf8_lossy(&self.body).to_ascii_lowercase();
        let asked = String::from_utf8_lossy(request).to_ascii_lowercase();
        let is_error = self.status.is_some_and(|status| status >= 400);
        INTERNAL.into_iter().find(|word| is_error && said.contains(word) && !asked.contains(word))
    }
}

/// Whether an answer of known length is all there.
fn is_whole(seen: &[u8]) -> bool {
    let seen = seen.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(seen);
    let Some(end) = seen.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&seen[..end]).to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
    match length {
        Some(length) => seen.len() >= end + 4 + length,
        None => head.contains("transfer-encoding: chunked") && seen.ends_with(b"0\r\n\r\n"),
    }
}

/// A GET that ends its connection; `headers` end with CRLF each.
pub fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: studyroute.example\r\nConnection: close\r\n{headers}\r\n")
}

/// The same as POST with a JSON body.
pub fn post(target: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: studyroute.example\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
