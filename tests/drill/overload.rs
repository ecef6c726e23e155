//! More phones than three nodes can answer: they ask twice and ten times as often. Whoever is refused is told so in order and when to come
//! back, check-ins go before reads, health is answered throughout, and every check-in that was acknowledged is there once. How much was
//! done and how soon is told, not judged: it is this machine's, with the phones on it.

use crate::fleet::NODES;
use crate::ledger::{Attempt, Outcome, Participant};
use crate::report::Seen;
use crate::rig::{NEARBY, Over, Rig};
use crate::support::knobs;
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Of a hundred requests, so many are check-ins; the others ask what is near.
const CHECK_INS_PERCENT: u32 = 30;
/// People in a hurry: so many that one seldom waits for another of its own check-ins.
const PEOPLE: usize = 500;
/// Phones that keep the nodes busy all the time, to find what they take: so many that the nodes never wait for them.
const BUSY: usize = 4_000;
/// Phones that ask one node at once, as this process may have 20,000 files open. Whoever comes later waits before it asks, and that is not
/// counted as waiting for an answer.
const AT_ONCE: usize = 2_000;
/// How long a rush lasts. In a build without optimisation the phones need more than the nodes, so figures that are worth something are those
/// of `cargo test --release` and of longer rushes.
const RUSH_S: u64 = 2;
/// How long a node runs, one after the other, and how long all rest after that: a tenth of a core for each.
const RUN: Duration = Duration::from_millis(2);
const REST: Duration = Duration::from_millis(14);
/// By so much of a hundred a share may be smaller than another and still as large: where all are done that come, it is by chance.
const ABOUT: usize = 5;
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Of a thousand requests, so many may find nobody: the system's own queue of connections has an end.
const UNANSWERED_MOST: usize = 1;

pub fn overload(rig: &mut Rig) {
    rig.under_load("overload", |rig, scene| {
        let people: Vec<_> = (0..PEOPLE).map(|_| Participant::create(&rig.service)).collect();
        scene.people.extend(people.iter().cloned());
        let rush = Arc::new(Rush::new(rig, people));
        let pids: Vec<_> =
            (0..NODES).map(|number| Pid::from_raw(rig.fleet.node(number).pid().cast_signed()).unwrap()).collect();
        let is_over = AtomicBool::new(false);
        let (told, health) = std::thread::scope(|scope| {
            scope.spawn(|| slow_down(&pids, &is_over));
            let asking = scope.spawn(|| health_is_answered(rig, &is_over));
            let _over = Over(&is_over);
            let told = rush.run(Duration::from_secs(knobs::number("STUDYROUTE_TEST_DRILL_RUSH_S").unwrap_or(RUSH_S)));
            is_over.store(true, Ordering::Relaxed);
            (told, asking.join().expect("health is answered"))
        });
        let rush = Arc::into_inner(rush).expect("all phones are done");
        let setup = rig.setup.clone();
        (0..NODES).for_each(|number| rig.fleet.exchange(number, &setup));
        scene.own.extend(rush.sent.into_inner().unwrap());
        Seen { back: None, note: format!("{told}; health after at most {health:.1?}") }
    });
}

/// The nodes share one core and have it for a part of the time only, so that the phones, on the other, can ask for ten times what they take.
/// Nobody who is stopped is told so: it is as on a machine whose processor others use.
fn slow_down(pids: &[Pid], is_over: &AtomicBool) {
    for pid in pids {
        let mut core = CpuSet::new();
        core.set(0);
        for thread in std::fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
            let thread = thread.unwrap().file_name().to_str().unwrap().parse().unwrap();
            // One that has ended meanwhile needs none.
            let _ = sched_setaffinity(Pid::from_raw(thread), &core);
        }
    }
    let _stopped: Vec<_> = pids.iter().map(|pid| Stopped::new(*pid)).collect();
    while !is_over.load(Ordering::Relaxed) {
        for pid in pids {
            kill_process(*pid, Signal::CONT).unwrap();
            std::thread::sleep(RUN);
            kill_process(*pid, Signal::STOP).unwrap();
        }
        std::thread::sleep(REST);
    }
}

/// A node that is stopped, and goes on whatever becomes of the test.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: Pid) -> Self {
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// Asks every node all the time how it is. Gives the longest that one took.
fn health_is_answered(rig: &Rig, is_over: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        for (number, path) in
            (0..NODES).flat_map(|number| ["/healthz", "/readyz", "/metrics"].map(|path| (number, path)))
        {
            let asked = std::time::Instant::now();
            let status = rig.fleet.node(number).status(path);
            // One that has so little time that its database seems silent may say that it is not ready.
            let is_told = status == Some(200) || (path, status) == ("/readyz", Some(503));
            assert!(is_told, "{path} of node {number}: {status:?}");
            slowest = slowest.max(asked.elapsed());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    slowest
}

/// Phones in a hurry, and what they have sent.
struct Rush {
    nodes: Vec<SocketAddr>,
    people: Vec<Arc<Participant>>,
    rng: Mutex<Rng>,
    sent: Mutex<Vec<Attempt>>,
    /// Connections that wait for the next request, of each node.
    idle: Vec<Mutex<Vec<TcpStream>>>,
    next: AtomicUsize,
    at_once: Vec<Semaphore>,
}

/// What came of one request.
struct Heard {
    is_check_in: bool,
    /// None when nobody answered.
    status: Option<u16>,
    /// Why it was refused.
    code: Option<String>,
    took: Duration,
}

impl Rush {
    fn new(rig: &Rig, people: Vec<Arc<Participant>>) -> Self {
        let address = |number: usize| rig.fleet.node(number).base.strip_prefix("http://").unwrap().parse().unwrap();
        Self {
            nodes: (0..NODES).map(address).collect(),
            people,
            rng: Mutex::new(rig.rng.clone()),
            sent: Mutex::default(),
            idle: (0..NODES).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            at_once: (0..NODES).map(|_| Semaphore::new(AT_ONCE)).collect(),
        }
    }

    /// First as much as they take, then twice and ten times that.
    fn run(self: &Arc<Self>, span: Duration) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let takes = per_s(self.keep_busy(span).await, span);
            let mut told = vec![format!("they take {takes:.0}/s")];
            for times in [2, 10] {
                let begun = Instant::now();
                let (heard, sent) = self.ask_steadily(takes * f64::from(times), span).await;
                told.push(judged(&heard, takes, sent, begun.elapsed()));
            }
            told.join("; ")
        })
    }

    /// Every phone asks as soon as it has its answer. Gives how much was done in that time.
    async fn keep_busy(self: &Arc<Self>, span: Duration) -> usize {
        let until = Instant::now() + span;
        let phone = |rush: Arc<Self>| async move {
            let mut done = 0;
            while Instant::now() < until {
                let heard = rush.ask().await;
                done += usize::from(heard.is_done() && Instant::now() < until);
            }
            done
        };
        let phones: JoinSet<_> = (0..BUSY).map(|_| phone(Arc::clone(self))).collect();
        phones.join_all().await.into_iter().sum()
    }

    /// So many requests in a second, whatever comes of those before. Gives also how long it took to send them.
    async fn ask_steadily(self: &Arc<Self>, rate: f64, span: Duration) -> (Vec<Heard>, Duration) {
        let (begun, mut phones) = (Instant::now(), JoinSet::new());
        let mut due = begun;
        while due < begun + span {
            sleep_until(due).await;
            let rush = Arc::clone(self);
            phones.spawn(async move { rush.ask().await });
            due += Duration::from_secs_f64(1.0 / rate);
        }
        let took = begun.elapsed();
        (phones.join_all().await, took)
    }

    /// One request: a person's to the person's node, as the proxy of `deploy/` does it, and any other to the node whose turn it is.
    async fn ask(&self) -> Heard {
        let check_in = self.check_in();
        let number =
            check_in.as_ref().map_or_else(|| self.next.fetch_add(1, Ordering::Relaxed), |(whose, _)| *whose) % NODES;
        let mut attempt = check_in.map(|(_, attempt)| attempt);
        let request = attempt.as_ref().map_or_else(nearby, check_in_request);
        let _turn = self.at_once[number].acquire().await;
        let asked = Instant::now();
        let answer = timeout(ANSWERED_WITHIN, self.answer(number, &request)).await.ok().and_then(Result::ok);
        let took = asked.elapsed();
        if let Some(answer) = &answer {
            answer.assert_in_order();
        }
        let (is_check_in, status) = (attempt.is_some(), answer.as_ref().map(|answer| answer.status));
        let code =
            answer.as_ref().filter(|answer| answer.status == 503).map(|answer| answer.body()["code"].to_string());
        if let Some(mut attempt) = attempt.take() {
            attempt.hear(answer.map_or(Outcome::Unknown, |answer| Outcome::of(answer.status, answer.body())));
            self.sent.lock().unwrap().push(attempt);
        }
        Heard { is_check_in, status, code, took }
    }

    /// Whose, and what is sent.
    fn check_in(&self) -> Option<(usize, Attempt)> {
        let mut rng = self.rng.lock().unwrap();
        let (is_check_in, who) = (rng.u32(0..100) < CHECK_INS_PERCENT, rng.usize(..self.people.len()));
        is_check_in.then(|| (who, Attempt::inside(&self.people[who], &mut rng)))
    }

    /// Over a connection that is free, else over a new one.
    async fn answer(&self, number: usize, request: &[u8]) -> std::io::Result<Answer> {
        let free = self.idle[number].lock().unwrap().pop();
        let mut stream = match free {
            Some(stream) => stream,
            None => TcpStream::connect(self.nodes[number]).await?,
        };
        stream.write_all(request).await?;
        let answer = Answer::read(&mut stream).await?;
        self.idle[number].lock().unwrap().push(stream);
        Ok(answer)
    }
}

fn nearby() -> Vec<u8> {
    format!("GET {NEARBY} HTTP/1.1\r\nhost: drill\r\n\r\n").into_bytes()
}

fn check_in_request(attempt: &Attempt) -> Vec<u8> {
    let (token, body) = (&attempt.who.token, attempt.body.to_string());
    let head = format!("POST /v1/check-ins HTTP/1.1\r\nhost: drill\r\nauthorization: Bearer {token}\r\n");
    format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

struct Answer {
    head: String,
    status: u16,
    bytes: Vec<u8>,
}

impl Answer {
    async fn read(stream: &mut TcpStream) -> std::io::Result<Self> {
        let (mut bytes, mut whole) = (Vec::new(), None);
        while whole.is_none_or(|whole| bytes.len() < whole) {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            whole = whole.or_else(|| end.map(|end| end + 4 + length(&bytes[..end])));
        }
        let head = String::from_utf8(bytes[..bytes.len()].to_vec()).expect("UTF-8");
        let (head, body) = head.split_once("\r\n\r\n").expect("a head");
        let status = head[9..12].parse().expect("a status");
        Ok(Self { status, bytes: body.as_bytes().to_vec(), head: head.to_ascii_lowercase() })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    /// Done, or refused as phones expect it.
    fn assert_in_order(&self) {
        if self.status == 503 {
            let again = self.header("retry-after").and_then(|seconds| seconds.parse().ok());
            assert!(again.is_some_and(|seconds: u32| (1..=60).contains(&seconds)), "{}", self.head);
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        } else {
            assert!(matches!(self.status, 200 | 201), "{}", self.head);
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("ASCII").to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    length.parse().expect("a number")
}

impl Heard {
    fn is_done(&self) -> bool {
        matches!(self.status, Some(200 | 201))
    }
}

fn per_s(number: usize, span: Duration) -> f64 {
    f64::from(u32::try_from(number).expect("not that many")) / span.as_secs_f64()
}

/// What came of a rush, in words; and what has to be so however busy the machine is.
fn judged(heard: &[Heard], takes: f64, sent: Duration, took: Duration) -> String {
    let unanswered = heard.iter().filter(|heard| heard.status.is_none()).count();
    assert!(unanswered * 1_000 <= heard.len() * UNANSWERED_MOST, "{unanswered} of {} met nobody", heard.len());
    let share = |is_check_in: bool| {
        let of: Vec<_> = heard.iter().filter(|heard| heard.is_check_in == is_check_in).collect();
        100 * of.iter().filter(|heard| heard.is_done()).count() / of.len().max(1)
    };
    let p99 = |is_done: bool| {
        let mut took: Vec<_> =
            heard.iter().filter(|heard| heard.is_done() == is_done).map(|heard| heard.took).collect();
        took.sort_unstable();
        took.get(took.len() * 99 / 100).copied().unwrap_or_default()
    };
    let (check_ins, reads) = (share(true), share(false));
    assert!(check_ins + ABOUT >= reads, "{check_ins} % of check-ins were done, and {reads} % of reads");
    let mut codes = BTreeMap::<_, usize>::new();
    for code in heard.iter().filter_map(|heard| heard.code.as_deref()) {
        *codes.entry(code).or_default() += 1;
    }
    let done = per_s(heard.iter().filter(|heard| heard.is_done()).count(), took) / takes;
    let offered = per_s(heard.len(), sent) / takes;
    let (admitted, refused) = (p99(true), p99(false));
    format!(
        "{offered:.1} × offered: {done:.2} × done, {check_ins} % of check-ins and {reads} % of reads, \
         p99 {admitted:.1?}, refused p99 {refused:.1?} {codes:?}, {unanswered} unanswered"
    )
}
