//! Passes connections on to one of several addresses. Knows nothing of what goes over them and tries nothing twice, not even to connect: a
//! client whose connection breaks does not know what came of its request.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CONNECTED_WITHIN: Duration = Duration::from_secs(1);

/// Where the next connection goes.
pub type Choice = Box<dyn Fn() -> SocketAddr + Send + Sync>;

/// A relay; it ends when dropped.
pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    choice: Choice,
    is_over: AtomicBool,
    /// Where connections went, with both ends of each.
    open: Mutex<Vec<(SocketAddr, [TcpStream; 2])>>,
}

impl Relay {
    pub fn start(choice: Choice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { choice, is_over: AtomicBool::new(false), open: Mutex::default() });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // What goes wrong here ends a connection, and that is what its client sees.
                std::thread::spawn(move || shared.pass(client).unwrap_or_default());
            }
        });
        Self { address, shared }
    }

    /// Breaks all connections that went to this address.
    pub fn cut(&self, to: SocketAddr) {
        self.shared.open.lock().unwrap().retain(|(went_to, ends)| {
            if *went_to == to {
                for end in ends {
                    end.shutdown(Shutdown::Both).unwrap_or_default();
                }
            }
            *went_to != to
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // One last connection wakes the thread that accepts them.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn pass(&self, client: TcpStream) -> io::Result<()> {
        let to = (self.choice)();
        let node = TcpStream::connect_timeout(&to, CONNECTED_WITHIN)?;
        for end in [&client, &node] {
            end.set_nodelay(true)?;
        }
        self.open.lock().unwrap().push((to, [client.try_clone()?, node.try_clone()?]));
        let port = client.peer_addr()?;
        let (mut up, mut down) = ((client.try_clone()?, node.try_clone()?), (node, client));
        let sending = std::thread::spawn(move || {
            drop(io::copy(&mut up.0, &mut up.1));
            up.1.shutdown(Shutdown::Write)
        });
        drop(io::copy(&mut down.0, &mut down.1));
        down.1.shutdown(Shutdown::Both).unwrap_or_default();
        drop(sending.join());
        self.open.lock().unwrap().retain(|(_, ends)| ends[0].peer_addr().is_ok_and(|peer| peer != port));
        Ok(())
    }
}
