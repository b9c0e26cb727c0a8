//! A stream that watches the records of both directions: plaintext alerts, the first flight, and how the TCP
//! connection ended. It changes nothing.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::records::{Scanner, Sighting};
use crate::observe::{ConnectionRecorder, Event, TlsVersion};

/// Bytes that are read at once.
const AT_ONCE: usize = 4096;

/// A watched stream.
#[derive(Debug)]
pub struct Tap<S> {
    inner: S,
    recorder: ConnectionRecorder,
    /// Bytes that were read and are still to be given.
    replay: Vec<u8>,
    replayed: usize,
    inbound: Scanner,
    outbound: Scanner,
    /// Version of the ServerHello that was sent.
    version: Option<TlsVersion>,
    alerted: bool,
}

impl<S> Tap<S> {
    /// Watches `inner`; `read_ahead` was read from it before and is given first.
    pub fn new(inner: S, recorder: ConnectionRecorder, read_ahead: Vec<u8>) -> Self {
        let mut tap = Self {
            inner,
            recorder,
            replay: Vec::new(),
            replayed: 0,
            inbound: Scanner::new(),
            outbound: Scanner::new(),
            version: None,
            alerted: false,
        };
        tap.watch_inbound(&read_ahead);
        tap.replay = read_ahead;
        tap
    }

    /// Whether an alert of the peer was seen in plaintext, and so recorded already.
    pub fn alerted(&self) -> bool {
        self.alerted
    }

    fn watch_inbound(&mut self, bytes: &[u8]) {
        let Self { inbound, recorder, alerted, .. } = self;
        inbound.feed(bytes, |sight| {
            if let Sighting::Alert { code, .. } = sight {
                *alerted = true;
                recorder.record(Event::AlertReceived { code });
            }
        });
    }

    fn watch_outbound(&mut self, bytes: &[u8]) {
        let Self { outbound, recorder, version, .. } = self;
        outbound.feed(bytes, |sight| match sight {
            Sighting::Alert { code, .. } => {
                recorder.record(Event::AlertSent { code });
            }
            Sighting::ServerHello(hello) if !hello.retry => *version = Some(hello.version),
            Sighting::FirstFlight => {
                let version = version.unwrap_or(TlsVersion(0));
                recorder.record(Event::FirstFlight { version, forced: false });
            }
            _ => {}
        });
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.replayed < this.replay.len() {
            let rest = &this.replay[this.replayed..];
            let taken = rest.len().min(buf.remaining());
            buf.put_slice(&rest[..taken]);
            this.replayed += taken;
            return Poll::Ready(Ok(()));
        }
        // More than the reader asks for: an engine that gives up at the header of a record would leave its body unread,
        // and with it the alert of a peer that refuses an old version in a record of a newer one.
        let mut piece = [0; AT_ONCE];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut this.inner).poll_read(cx, &mut piece))?;
        let fresh = piece.filled();
        this.watch_inbound(fresh);
        let taken = fresh.len().min(buf.remaining());
        buf.put_slice(&fresh[..taken]);
        this.replay.clear();
        this.replay.extend_from_slice(&fresh[taken..]);
        this.replayed = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, bytes))?;
        this.watch_outbound(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    /// A flight goes out as one, as it would without this: record by record it would wake the peer for each.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, slices))?;
        let mut rest = written;
        for slice in slices {
            let taken = slice.len().min(rest);
            this.watch_outbound(&slice[..taken]);
            rest -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
