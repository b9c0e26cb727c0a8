//! The decrypted side of a connection: records the first data and the end, once each.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Broken;
use super::frames::Frames;
use crate::observe::{ConnectionRecorder, End, Event};

/// A TLS stream after its handshake.
pub struct Plain<T> {
    inner: T,
    recorder: ConnectionRecorder,
    classify: fn(&io::Error) -> Broken,
    /// Says whether the tap below has recorded an alert of the peer already.
    alerted: fn(&T) -> bool,
    /// Where HTTP/2 is spoken, what tells a request from the beginning of a connection.
    frames: Option<Frames>,
    greeted: bool,
    started: bool,
    ended: bool,
}

impl<T> Plain<T> {
    /// Watches `inner`, whose errors `classify` can read.
    pub fn new(
        inner: T,
        recorder: ConnectionRecorder,
        classify: fn(&io::Error) -> Broken,
        alerted: fn(&T) -> bool,
    ) -> Self {
        Self { inner, recorder, classify, alerted, frames: None, greeted: false, started: false, ended: false }
    }

    /// HTTP/2 is spoken on it: what only begins the connection is no data.
    #[must_use]
    pub fn in_frames(mut self) -> Self {
        self.frames = Some(Frames::new());
        self
    }

    /// Whether the end was seen and recorded.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn take(&mut self, bytes: &[u8]) {
        let Self { frames, recorder, greeted, started, .. } = self;
        if frames.as_mut().is_none_or(|frames| frames.feed(bytes)) {
            *started = true;
            recorder.record(Event::Data { bytes: bytes.len() as u64 });
        } else if !*greeted {
            *greeted = true;
            recorder.record(Event::Greeted);
        }
    }

    fn end(&mut self, error: &io::Error) {
        if !self.ended {
            self.ended = true;
            (self.classify)(error).record(&self.recorder, (self.alerted)(&self.inner));
        }
    }
}

/// Records the end by the counterpart, where nothing else ended the connection before.
impl<T> Drop for Plain<T> {
    fn drop(&mut self) {
        if !self.ended {
            self.recorder.record(Event::Ended(End::Local));
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Plain<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        match ready!(Pin::new(&mut this.inner).poll_read(cx, buf)) {
            Ok(()) => {
                let bytes = buf.filled().len() - before;
                if bytes > 0 && !this.started {
                    this.take(&buf.filled()[before..]);
                } else if bytes == 0 && buf.remaining() > 0 && !this.ended {
                    this.ended = true;
                    this.recorder.record(Event::Ended(End::CloseNotify));
                }
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                this.end(&error);
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Plain<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // A failed write is no end: the peer's last words may still be waiting to be read.
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
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
