//! The proxy: `haproxy` itself reads its file, and does in front of nodes made of a few lines what the file promises.

use crate::{ask, client, skip};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const FILE: &str = "deploy/compose/proxy/haproxy.cfg";
const PATIENCE: Duration = Duration::from_secs(30);

/// A node that can be ready or not, says who asked, and hangs up at `/drop`.
struct Node {
    address: SocketAddr,
    is_ready: Arc<AtomicBool>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Node {
    fn start(name: &'static str) -> Self {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = door.local_addr().expect("an address");
        let (is_ready, asked) = (Arc::new(AtomicBool::new(true)), Arc::<Mutex<BTreeMap<String, usize>>>::default());
        let (ready, count) = (Arc::clone(&is_ready), Arc::clone(&asked));
        std::thread::spawn(move || {
            for visitor in door.incoming().map_while(Result::ok) {
                let (ready, count) = (Arc::clone(&ready), Arc::clone(&count));
                std::thread::spawn(move || answer(visitor, name, &ready, &count));
            }
        });
        Self { address, is_ready, asked }
    }

    fn asked(&self, what: &str) -> usize {
        self.asked.lock().expect("a list").get(what).copied().unwrap_or_default()
    }
}

fn answer(
    mut visitor: TcpStream,
    name: &str,
    ready: &AtomicBool,
    count: &Mutex<BTreeMap<String, usize>>,
) -> Option<()> {
    let mut lines = BufReader::new(visitor.try_clone().ok()?).lines().map_while(Result::ok);
    let line = lines.next()?;
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let what = line.rsplit_once(' ')?.0.to_string();
    *count.lock().expect("a list").entry(what.clone()).or_default() += 1;
    let path = what.split(' ').nth(1)?;
    if path == "/drop" {
        return None;
    }
    let status = if path == "/readyz" && !ready.load(Ordering::Relaxed) { "503 Not" } else { "200 OK" };
    let from =
        head.iter().find(|line| line.to_lowercase().starts_with("x-forwarded-for:")).cloned().unwrap_or_default();
    let body = format!("{name} {from}");
    write!(visitor, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).ok()
}

/// Debian keeps it where only root looks.
fn haproxy() -> Command {
    let debians = "/usr/sbin/haproxy";
    Command::new(if Path::new(debians).exists() { debians } else { "haproxy" })
}

/// The proxy in front of three nodes; killed when dropped.
struct Proxy {
    child: Child,
    at: String,
}

impl Proxy {
    fn start(nodes: [SocketAddr; 3]) -> Option<Self> {
        Self::behind("10.89.7.1", nodes)
    }

    /// Where connections from this address come from another proxy.
    fn behind(in_front: &str, nodes: [SocketAddr; 3]) -> Option<Self> {
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a port").to_string();
        let (at, own) = (free(), free());
        let mut haproxy = haproxy();
        haproxy
            .args(["-db", "-q", "-f", FILE])
            .env("PROXY_LISTEN", &at)
            .env("PROXY_OWN_LISTEN", own)
            .env("PROXY_IN_FRONT", in_front)
            .env("PROXY_CONNECTIONS", "200");
        for (i, node) in nodes.iter().enumerate() {
            haproxy.env(format!("PROXY_NODE_{}", i + 1), node.to_string());
        }
        let Ok(child) = haproxy.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            skip("haproxy");
            return None;
        };
        Some(Self { child, at })
    }

    fn get(&self, path: &str, who: &str) -> (u16, String) {
        let request =
            client().get(format!("http://{}{path}", self.at)).header("x-forwarded-for", "6.6.6.6").bearer_auth(who);
        let Ok(answer) = request.send() else { return (0, String::new()) };
        (answer.status().as_u16(), answer.text().unwrap_or_default())
    }

    /// Asks until the answer is as wanted.
    fn until(&self, path: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.get(path, "x");
            if wanted(status, &body) {
                return body;
            }
            assert!(Instant::now() < until, "{path} stays {status} {body}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a port")
}

#[test]
fn haproxy_takes_its_file_without_a_warning() {
    let mut haproxy = haproxy();
    haproxy.args(["-c", "-f", FILE]);
    for node in 1..=3 {
        haproxy.env(format!("PROXY_NODE_{node}"), "127.0.0.1:8080");
    }
    let Some((good, said)) = ask(&mut haproxy) else { return };
    assert!(good && !said.contains("[WARNING]") && !said.contains("[ALERT]"), "{said}");
}

#[test]
fn the_log_holds_neither_path_nor_query() {
    let file = crate::text(FILE);
    let format = file.lines().find(|line| line.trim().starts_with("log-format")).expect("a form of its own");
    let written = format.split('%').skip(1).map(|part| {
        let end = part.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(part.len());
        if part.starts_with('[') { part.split(']').next().unwrap_or_default() } else { &part[..end] }
    });
    let harmless = ["ci", "tr", "HM", "ST", "B", "Tq", "Tw", "Tc", "Tr", "Ta", "s", "ts", "rc", "[capture.res.hdr(0)"];
    let other: Vec<&str> = written.filter(|word| !harmless.contains(word)).collect();
    assert!(other.is_empty(), "{other:?}: {format}");
    assert!(!file.contains("option httplog"), "it would log the query");
}

#[test]
fn visitors_go_to_ready_nodes_and_to_living_ones_when_none_is_ready() {
    let (one, two) = (Node::start("one"), Node::start("two"));
    two.is_ready.store(false, Ordering::Relaxed);
    let Some(proxy) = Proxy::start([one.address, two.address, nowhere()]) else { return };
    let twenty = || (0..20).map(|who| proxy.get("/v1/nearby", &who.to_string()).1).collect::<Vec<_>>();
    let (mut answers, until) = (twenty(), Instant::now() + PATIENCE);
    // Before its first checks it takes every node for ready.
    while !answers.iter().all(|body| body.starts_with("one")) {
        assert!(Instant::now() < until, "{answers:?}");
        std::thread::sleep(Duration::from_millis(200));
        answers = twenty();
    }
    // What a visitor says of its address is not passed on.
    assert!(answers[0].ends_with("x-forwarded-for: 127.0.0.1"), "{answers:?}");
    for path in ["/metrics", "/readyz"] {
        assert_eq!(proxy.get(path, "x").0, 404, "{path} is not for visitors");
    }
    // The database is gone: nobody is ready, and what is near is told all the same.
    one.is_ready.store(false, Ordering::Relaxed);
    while !answers.iter().any(|body| body.starts_with("two")) {
        assert!(Instant::now() < until + PATIENCE, "{answers:?}");
        answers = twenty();
    }
    assert!(answers.iter().all(|body| !body.is_empty()), "{answers:?}");
}

#[test]
fn a_proxy_in_front_is_believed_about_visitors() {
    let node = Node::start("one");
    let Some(proxy) = Proxy::behind("127.0.0.1", [node.address; 3]) else { return };
    let told = proxy.until("/v1/nearby", |status, _| status == 200);
    assert_eq!(told, "one x-forwarded-for: 6.6.6.6");
    // It extended what the visitor wrote. Then somebody else comes on the same connection.
    let client = client();
    for (given, taken) in [("6.6.6.6, 1.2.3.4", "1.2.3.4"), ("5.5.5.5", "5.5.5.5"), ("nobody", "127.0.0.1")] {
        let request = client.get(format!("http://{}/v1/nearby", proxy.at)).header("x-forwarded-for", given);
        let told = request.send().and_then(reqwest::blocking::Response::text).expect("an answer");
        assert_eq!(told, format!("one x-forwarded-for: {taken}"), "{given}");
    }
}

#[test]
fn one_persons_requests_go_to_one_node() {
    let nodes = [Node::start("one"), Node::start("two"), Node::start("three")];
    let Some(proxy) = Proxy::start([nodes[0].address, nodes[1].address, nodes[2].address]) else { return };
    let (mut seen, until) = (BTreeMap::new(), Instant::now() + PATIENCE);
    // Until all three are known to be ready.
    while seen.len() < 3 {
        assert!(Instant::now() < until, "only {seen:?} are asked");
        seen.clear();
        for who in 0..30 {
            *seen.entry(proxy.get("/v1/me", &who.to_string()).1).or_insert(0) += 1;
        }
    }
    let first = proxy.get("/v1/me", "somebody").1;
    assert!((0..10).all(|_| proxy.get("/v1/me", "somebody").1 == first));
}

#[test]
fn a_read_that_got_no_answer_is_sent_again_and_a_check_in_is_left_to_the_phone() {
    let nodes = [Node::start("one"), Node::start("two"), Node::start("three")];
    let Some(proxy) = Proxy::start([nodes[0].address, nodes[1].address, nodes[2].address]) else { return };
    proxy.until("/v1/nearby", |status, _| status == 200);
    let asked = |what: &str| nodes.iter().map(|node| node.asked(what)).sum::<usize>();
    assert!(proxy.get("/drop", "x").0 >= 500);
    assert!(asked("GET /drop") > 1, "once only");
    let answer = client().post(format!("http://{}/drop", proxy.at)).body("{}").send().expect("an answer");
    assert!(answer.status().is_server_error());
    assert_eq!(asked("POST /drop"), 1);
}
