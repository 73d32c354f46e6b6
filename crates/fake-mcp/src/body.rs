//! A response body that is written down beforehand or fed while it is sent.
//!
//! Well-formed chunks with scripted pauses; what breaks the framing itself goes through raw bytes
//! (`connection.rs`). A body never ends earlier than its pieces and its feed do.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::Sleep;

/// One step of a scripted body.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Send these bytes.
    Bytes(Bytes),
    /// Wait before the next piece.
    Wait(Duration),
    /// Send nothing more and never end.
    Hang,
    /// Send these bytes over and over and never end.
    Endless(Bytes),
}

impl Piece {
    /// A piece of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Bytes(Bytes::from(text.into()))
    }
}

/// Runs when the body is dropped: the client went away or the answer is complete.
pub(crate) type OnEnd = Box<dyn FnOnce() + Send>;

/// The body that hyper sends.
pub(crate) struct Body {
    pieces: VecDeque<Piece>,
    sleep: Option<Pin<Box<Sleep>>>,
    feed: Option<mpsc::Receiver<Piece>>,
    on_end: Option<OnEnd>,
}

impl Body {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
            sleep: None,
            feed: None,
            on_end: None,
        }
    }

    /// After the first pieces, whatever comes out of `feed`; `on_end` runs when the body is dropped.
    pub(crate) fn fed(
        pieces: impl IntoIterator<Item = Piece>,
        feed: mpsc::Receiver<Piece>,
        on_end: OnEnd,
    ) -> Self {
        let mut body = Self::new(pieces);
        body.feed = Some(feed);
        body.on_end = Some(on_end);
        body
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(sleep) = self.sleep.as_mut() {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.pieces.pop_front() {
                Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::Wait(time)) => self.sleep = Some(Box::pin(tokio::time::sleep(time))),
                Some(Piece::Hang) => {
                    self.pieces.push_front(Piece::Hang);
                    return Poll::Pending;
                }
                Some(Piece::Endless(bytes)) => {
                    self.pieces.push_front(Piece::Endless(bytes.clone()));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                None => {
                    let Some(feed) = self.feed.as_mut() else {
                        return Poll::Ready(None);
                    };
                    match ready!(feed.poll_recv(cx)) {
                        Some(piece) => self.pieces.push_back(piece),
                        None => return Poll::Ready(None),
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.feed.is_none() && self.sleep.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.feed.is_some() {
            return SizeHint::default();
        }
        let mut total = 0;
        for piece in &self.pieces {
            let Piece::Bytes(bytes) = piece else {
                return SizeHint::default();
            };
            total += bytes.len() as u64;
        }
        SizeHint::with_exact(total)
    }
}
