//! Drives one connection in one task, with one timer, and ends it when what it is doing takes too long.
//!
//! Hyper's `header_read_timeout` is not used. It starts when hyper begins to wait for a head, not with the head's first
//! byte, so on a connection kept alive it is the idle limit as well; it closes without a word; and it allocates and
//! registers a timer with every request. Here the deadline follows from what [`Track`] sees. The timer is moved only
//! when it would ring too late: one that rings too early looks at the deadline and is set again, so a request costs one
//! reading of the clock. It refuses to limit the router: a handler and the body of a request may take as long as they take.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::futures::Notified;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::farewell;
use super::track::{Doing, Served, Track, Watched};
use super::{Answers, Door, Stage};

/// How long a connection may take to close after it was idle for too long. Hyper needs none of it, unless a handler
/// left a request body to another task.
const CLOSE_MAX: Duration = Duration::from_secs(1);

type Connection<A> = http1::Connection<TokioIo<Watched>, Served<A>>;

/// How a connection ended.
enum End {
    /// Hyper closed it, with this outcome.
    Closed(hyper::Result<()>),
    /// A head began and was not completed in time.
    HeadLate,
    /// The client does not take the answer.
    NotRead,
    /// The client connected and said nothing.
    Silent,
    /// It had its time: the door is shut, or hyper did not close.
    Cut,
}

/// What is to be done now.
enum Step {
    Wait,
    /// Let hyper finish what is under way and close.
    WindUp,
    End(End),
}

/// Serves one connection from its first byte to its last.
pub(super) async fn drive<A: Answers + Sync>(door: &Door<A>, stream: TcpStream, peer: SocketAddr) {
    // Without it, a response in two writes waits for the client's delayed acknowledgement. Failing costs only that.
    let _ = stream.set_nodelay(true);
    let track = Arc::new(Track::default());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&track)));
    let service = Served::new(door.behind.clone(), peer, Arc::clone(&track));
    let mut connection = door.http.serve_connection(io, service);
    let end = watch(door, &track, &mut connection).await;
    part(door, &track, connection, end).await;
}

async fn watch<A: Answers + Sync>(door: &Door<A>, track: &Track, connection: &mut Connection<A>) -> End {
    let deadline = Instant::now() + door.limits.header_timeout;
    let timer = pin!(sleep_until(deadline));
    let stage_changed = pin!(door.stage_changed.notified());
    let mut watch = Watch {
        door,
        track,
        changes_seen: track.look().0,
        deadline: Some(deadline),
        rings_at: deadline,
        timer,
        stage_changed,
        waker: Waker::noop().clone(),
        is_draining: false,
        is_winding_up: false,
    };
    std::future::poll_fn(|cx| watch.poll(cx, connection)).await
}

/// Says what there is to say to the client, and closes.
async fn part<A: Answers + Sync>(door: &Door<A>, track: &Track, connection: Connection<A>, end: End) {
    let count = || door.stats.timed_out.fetch_add(1, Ordering::Relaxed);
    let stream = || connection.into_parts().io.into_inner().into_stream();
    match end {
        End::Closed(outcome) => {
            // An answer such as 431 or 413 comes before the client has sent all it wants to.
            if track.may_have_unread() || outcome.is_err_and(|error| error.is_parse()) {
                farewell::see_off(&mut stream()).await;
            }
        }
        End::HeadLate => {
            count();
            farewell::say(&mut stream(), &farewell::head_too_late()).await;
        }
        End::NotRead => {
            count();
            // Otherwise the kernel would keep what was not read, and go on offering it.
            let _ = stream().set_zero_linger();
        }
        End::Silent => {
            count();
        }
        End::Cut => {}
    }
}

struct Watch<'pin, 'door, A> {
    door: &'door Door<A>,
    track: &'pin Track,
    changes_seen: u32,
    /// None while the router has the word.
    deadline: Option<Instant>,
    /// When the timer rings: at the deadline or before it.
    rings_at: Instant,
    timer: Pin<&'pin mut Sleep>,
    stage_changed: Pin<&'pin mut Notified<'door>>,
    /// Whom timer and stage wake. It stays the same in a task, so they need not be polled again and again.
    waker: Waker,
    is_draining: bool,
    is_winding_up: bool,
}

impl<A: Answers + Sync> Watch<'_, '_, A> {
    fn poll(&mut self, cx: &mut Context<'_>, connection: &mut Connection<A>) -> Poll<End> {
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut *connection).poll(cx) {
                return Poll::Ready(End::Closed(outcome));
            }
            self.enrol(cx);
            match self.step(cx) {
                Step::Wait => return Poll::Pending,
                Step::WindUp => Pin::new(&mut *connection).graceful_shutdown(),
                Step::End(end) => return Poll::Ready(end),
            }
        }
    }

    fn enrol(&mut self, cx: &mut Context<'_>) {
        if !self.waker.will_wake(cx.waker()) {
            self.waker = cx.waker().clone();
            enrol(self.timer.as_mut(), cx);
            enrol(self.stage_changed.as_mut(), cx);
        }
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Step {
        if self.door.has_reached(Stage::Draining) {
            if self.door.has_reached(Stage::Shut) {
                return Step::End(End::Cut);
            }
            if !self.is_draining {
                self.await_shut(cx);
                return Step::WindUp;
            }
        }
        let doing = self.renew_deadline(cx);
        // A timer set for the past has rung already and wakes nobody, hence the loop.
        while self.timer.is_elapsed() {
            let now = Instant::now();
            match self.deadline {
                Some(deadline) if deadline <= now => return self.overdue(doing, now, cx),
                Some(deadline) => self.ring_at(deadline, cx),
                None => self.ring_at(now + self.door.limits.idle_timeout, cx),
            }
        }
        Step::Wait
    }

    /// Enrolled anew before it is looked whether the door is shut, which the next round does.
    fn await_shut(&mut self, cx: &mut Context<'_>) {
        self.is_draining = true;
        self.is_winding_up = true;
        self.stage_changed.set(self.door.stage_changed.notified());
        enrol(self.stage_changed.as_mut(), cx);
    }

    fn renew_deadline(&mut self, cx: &mut Context<'_>) -> Doing {
        let (changes, doing) = self.track.look();
        if changes != self.changes_seen {
            self.changes_seen = changes;
            self.deadline = self.limit_of(doing).map(|limit| Instant::now() + limit);
            if let Some(deadline) = self.deadline
                && deadline < self.rings_at
            {
                self.ring_at(deadline, cx);
            }
        }
        doing
    }

    fn limit_of(&self, doing: Doing) -> Option<Duration> {
        let limits = &self.door.limits;
        match doing {
            Doing::Fresh | Doing::Head => Some(limits.header_timeout),
            Doing::Idle => Some(limits.idle_timeout),
            Doing::Blocked => Some(limits.write_timeout),
            Doing::Busy => None,
        }
    }

    fn ring_at(&mut self, at: Instant, cx: &mut Context<'_>) {
        self.rings_at = at;
        self.timer.as_mut().reset(at);
        enrol(self.timer.as_mut(), cx);
    }

    fn overdue(&mut self, doing: Doing, now: Instant, cx: &mut Context<'_>) -> Step {
        match doing {
            Doing::Head => Step::End(End::HeadLate),
            Doing::Blocked => Step::End(End::NotRead),
            Doing::Idle if !self.is_winding_up => {
                self.is_winding_up = true;
                self.deadline = Some(now + CLOSE_MAX);
                self.ring_at(now + CLOSE_MAX, cx);
                Step::WindUp
            }
            Doing::Fresh => Step::End(End::Silent),
            Doing::Idle | Doing::Busy => Step::End(End::Cut),
        }
    }
}

/// Has `future` wake this task later. Unconstrained, because a poll that tokio's budget turns away enrols nobody.
fn enrol<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) {
    let _ = pin!(unconstrained(future)).poll(cx);
}
