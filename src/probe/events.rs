//! An event stream on a connection that we own.
//!
//! Decoded by `eventsource-client`, to which we hand the answer that we already hold as if it had
//! asked for it; `lines.rs` stands in front. It never reconnects: a monitor must see the first
//! failure. Contents are logged by that library at debug level, which `telemetry.rs` keeps off.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use eventsource_client::{Client, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_util::{Stream, StreamExt};
use hyper::body::{Body, Incoming};
use launchdarkly_sdk_transport::{
    ByteStream, HttpTransport, Request, Response, ResponseFuture, TransportError,
};
use tokio::time::Instant;
use tokio_util::sync::PollSemaphore;

use super::body;
use super::encoding::{BITE, Decoder, Fault};
use super::failure;
use super::lines::{LineGuard, Stop, Tally};
use super::room::{FREE_BODY, Room, Share};
use crate::domain::trouble::{BodyTrouble, Trouble};

/// The address that the decoder believes to read from; it is never asked.
const NOWHERE: &str = "http://stream.invalid/";

/// What a compressed stream is called where its label is not at hand.
const COMPRESSED: &str = "gzip";

/// An event with data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its name; `message` where it has none.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// The events of one answer.
pub(super) struct Events {
    decoded: Pin<Box<dyn Stream<Item = Result<SSE, Error>> + Send + Sync>>,
    tally: Arc<Mutex<Tally>>,
    ended: bool,
    /// No event with data has come yet.
    is_first: bool,
    primed: bool,
}

impl Events {
    /// Reads the body of an answer as events; a large one waits for `room`.
    pub(super) fn of(
        body: Incoming,
        room: &Room,
        encoded: Option<Decoder>,
    ) -> Result<Self, Trouble> {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let guarded = Guarded {
            body,
            guard: LineGuard::default(),
            tally: Arc::clone(&tally),
            ended: false,
            room: room.bodies(),
            share: None,
            decoder: encoded,
        };
        let answer = Answer(Arc::new(Mutex::new(Some(Box::pin(guarded)))));
        let decoded = ClientBuilder::for_url(NOWHERE)
            .map(|builder| {
                let never = ReconnectOptions::reconnect(false)
                    .retry_initial(false)
                    .build();
                let builder = builder.reconnect(never).redirect_limit(0);
                builder.build_with_transport(answer).stream()
            })
            .map_err(|error| Trouble::Own {
                what: error.to_string(),
            })?;
        Ok(Self {
            decoded,
            tally,
            ended: false,
            is_first: true,
            primed: false,
        })
    }

    /// The next event that carries data; none at a clean end. Has no time limit of its own.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Trouble> {
        while !self.ended {
            match self.decoded.next().await {
                Some(Ok(SSE::Event(event))) if !event.data.trim().is_empty() => {
                    self.is_first = false;
                    return Ok(Some(Event {
                        name: event.event_type,
                        data: event.data,
                    }));
                }
                // An event without data primes the stream and says nothing.
                Some(Ok(SSE::Event(event))) => {
                    self.primed |= self.is_first && event.id.is_some();
                }
                Some(Ok(_)) => {}
                None | Some(Err(Error::Eof | Error::UnexpectedEof)) => self.ended = true,
                // The decoder repeats a transport error for ever: the first one is the last.
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(self.reason(&error));
                }
            }
        }
        Ok(None)
    }

    /// The stream began with an event that has an id and no data.
    pub(super) fn is_primed(&self) -> bool {
        self.primed
    }

    /// What was seen of the stream so far.
    pub(super) fn tally(&self) -> Tally {
        lock(&self.tally).clone()
    }

    fn reason(&self, error: &Error) -> Trouble {
        match (lock(&self.tally).stop, error) {
            (Some(Stop::TooLarge(what)), _) => Trouble::Body(BodyTrouble::TooLarge { what }),
            (Some(Stop::NotUtf8), _) => Trouble::Body(BodyTrouble::NotUtf8),
            (Some(Stop::Bomb), _) => body::encoding(Fault::Bomb, COMPRESSED),
            (Some(Stop::Corrupt), _) => body::encoding(Fault::Corrupt, COMPRESSED),
            (None, Error::Transport(error)) => failure::body(error.inner()),
            (None, error) => Trouble::Own {
                what: error.to_string(),
            },
        }
    }
}

/// The answer that we hold, in the place of a transport.
#[derive(Clone)]
struct Answer(Arc<Mutex<Option<ByteStream>>>);

impl HttpTransport for Answer {
    fn request(&self, _: Request<Option<Bytes>>) -> ResponseFuture {
        let body = lock(&self.0).take();
        Box::pin(async move {
            body.map(Response::new)
                .ok_or_else(|| TransportError::new(Cut))
        })
    }
}

/// The body with the guard in front of it.
struct Guarded {
    body: Incoming,
    guard: LineGuard,
    tally: Arc<Mutex<Tally>>,
    ended: bool,
    room: PollSemaphore,
    share: Option<Share>,
    decoder: Option<Decoder>,
}

impl Stream for Guarded {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let needs_room = this.guard.held() > FREE_BODY || this.decoder.is_some();
            if needs_room && this.share.is_none() {
                lock(&this.tally).crowded = true;
                this.share = ready!(this.room.poll_acquire(cx));
                lock(&this.tally).crowded = false;
            }
            let mut out = Vec::new();
            let mut tally = lock(&this.tally);
            let fed = match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        tally.first_at.get_or_insert_with(Instant::now);
                        out.reserve(data.len());
                        feed(
                            &mut this.guard,
                            this.decoder.as_mut(),
                            &data,
                            &mut tally,
                            &mut out,
                        )
                    }
                    Err(_) => Ok(()),
                },
                Poll::Ready(Some(Err(error))) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(TransportError::new(error))));
                }
                Poll::Ready(None) => {
                    this.ended = true;
                    this.guard.finish(&mut tally, &mut out)
                }
            };
            if let Err(stop) = fed {
                tally.stop = Some(stop);
                this.ended = true;
                return Poll::Ready(Some(Err(TransportError::new(Cut))));
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out.into())));
            }
        }
    }
}

/// Through the decoder, where there is one, in pieces that cannot grow beyond the bounds unseen.
fn feed(
    guard: &mut LineGuard,
    decoder: Option<&mut Decoder>,
    data: &[u8],
    tally: &mut Tally,
    out: &mut Vec<u8>,
) -> Result<(), Stop> {
    let Some(decoder) = decoder else {
        return guard.feed(data, tally, out);
    };
    let mut plain = Vec::new();
    for bite in data.chunks(BITE) {
        plain.clear();
        decoder
            .feed(bite, &mut plain)
            .map_err(|fault| match fault {
                Fault::Bomb => Stop::Bomb,
                Fault::Corrupt => Stop::Corrupt,
            })?;
        guard.feed(&plain, tally, out)?;
    }
    Ok(())
}

/// We stopped reading; the tally says why.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream was cut")
    }
}

impl std::error::Error for Cut {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock; what is inside stays whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
