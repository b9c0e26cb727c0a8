//! A transport whose two directions are watched while the engine uses it: what the engine does not tell is read here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::records::{Scanner, Sighting};

/// Passes everything on and notes alerts, the end, and the peer's plaintext flight.
#[derive(Debug)]
pub(super) struct Watched<S> {
    inner: S,
    incoming: Scanner,
    outgoing: Scanner,
    /// The peer's bytes up to its ChangeCipherSpec, or as many as are kept.
    flight: Vec<u8>,
    flight_over: bool,
    received_alert: Option<u8>,
    sent_alert: Option<u8>,
    ended: bool,
}

/// A flight beyond this is not kept to its end; a chain of ten large certificates has 20 KiB.
const LONGEST_FLIGHT: usize = 256 * 1024;
const CHANGE_CIPHER_SPEC: u8 = 20;
const FATAL: u8 = 2;

impl<S> Watched<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            incoming: Scanner::new(),
            outgoing: Scanner::new(),
            flight: Vec::new(),
            flight_over: false,
            received_alert: None,
            sent_alert: None,
            ended: false,
        }
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The peer's records in plaintext.
    pub(super) fn flight(&self) -> &[u8] {
        &self.flight
    }

    /// Forgets the flight and keeps no further one.
    pub(super) fn forget_flight(&mut self) {
        self.flight = Vec::new();
        self.flight_over = true;
    }

    /// The last fatal alert that the peer sent in plaintext.
    pub(super) fn received_alert(&self) -> Option<u8> {
        self.received_alert
    }

    /// The last fatal alert that the engine sent in plaintext.
    pub(super) fn sent_alert(&self) -> Option<u8> {
        self.sent_alert
    }

    /// Whether the end of the peer's bytes was read.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    fn came(&mut self, bytes: &[u8]) {
        let mut over = self.flight_over;
        let alert = &mut self.received_alert;
        self.incoming.feed(bytes, |sighting| match sighting {
            Sighting::Alert { level: FATAL, code } => *alert = Some(code),
            Sighting::Record { kind: CHANGE_CIPHER_SPEC, .. } => over = true,
            _ => {}
        });
        if !self.flight_over && self.flight.len() + bytes.len() <= LONGEST_FLIGHT {
            self.flight.extend_from_slice(bytes);
        }
        self.flight_over = over;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        match &buf.filled()[before..] {
            [] => self.ended |= buf.remaining() > 0,
            bytes => self.came(bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        let Self { outgoing, sent_alert, .. } = &mut *self;
        outgoing.feed(&buf[..written], |sighting| {
            if let Sighting::Alert { level: FATAL, code } = sighting {
                *sent_alert = Some(code);
            }
        });
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
