//! Buffers for answers that are written anew each time. The buffer that was sent last is written next: it still lies in the
//! processor's cache, where an allocator would hand out one that has long left it.

use axum::body::{Body, Bytes};
use std::cell::RefCell;
use std::mem::take;

/// Buffers that a thread keeps. One is enough while every answer is sent at once; more are out while phones read slowly.
const KEPT: usize = 4;
/// A larger one goes back to the allocator.
const KEPT_MAX_BYTES: usize = 256 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An answer's bytes; their buffer is used again when they have been sent.
struct Reused(Vec<u8>);

/// An empty buffer with room for so many bytes.
pub fn buffer(bytes: usize) -> Vec<u8> {
    let mut buffer = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
    buffer.reserve(bytes);
    buffer
}

/// An answer's body, of such a buffer.
pub fn body(buffer: Vec<u8>) -> Body {
    Body::from(Bytes::from_owner(Reused(buffer)))
}

impl AsRef<[u8]> for Reused {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Reused {
    fn drop(&mut self) {
        let mut buffer = take(&mut self.0);
        if buffer.capacity() > KEPT_MAX_BYTES {
            return;
        }
        buffer.clear();
        // A thread that ends has none left to keep.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_its_answer_is_gone_and_a_huge_one_is_not() {
        let mut first = buffer(1_000);
        first.extend_from_slice(b"sent");
        let place = first.as_ptr();
        let sent = body(first);
        let other = buffer(10);
        assert_ne!(other.as_ptr(), place, "it is still being sent");
        drop(sent);
        let again = buffer(1_000);
        assert!(again.is_empty() && again.as_ptr() == place);
        drop(body(Vec::with_capacity(KEPT_MAX_BYTES + 1)));
        assert!(buffer(0).capacity() <= KEPT_MAX_BYTES);
    }
}
