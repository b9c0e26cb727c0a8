//! Questions over UDP on one socket. An answer comes from the address that was asked, whichever it was: whoever has a
//! resolver written down takes none from another (RFC 5452 section 9.1).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd as _;

use futures_util::StreamExt as _;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_server::net::BufDnsStreamHandle;
use hickory_server::net::runtime::TokioTime;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandle};
use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt, sockopt,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Longest message over UDP that anybody sends: what EDNS may announce (RFC 6891 section 6.2.5), and some more.
const LONGEST: usize = 4096;

/// A socket that says which address was asked, where it is one of IPv4.
pub(super) struct Questions {
    socket: UdpSocket,
    tells: bool,
}

impl Questions {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        let tells = socket.local_addr()?.is_ipv4();
        if tells {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        Ok(Self { socket, tells })
    }

    /// Answers one question after another, for as long as the socket can be read.
    pub(super) async fn answer(self, handler: impl RequestHandler) {
        let mut bytes = [0; LONGEST];
        loop {
            let (length, peer, asked) = match self.receive(&mut bytes).await {
                Ok(received) => received,
                // What became of an earlier answer.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(_) => return,
            };
            let question = bytes.get(..length).unwrap_or_default();
            for answer in answers(question, peer, &handler).await {
                // Whoever asked may have gone; that it asked is recorded.
                let _ = self.send(&answer, peer, asked).await;
            }
        }
    }

    async fn receive(&self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr, Option<Ipv4Addr>)> {
        if !self.tells {
            return self.socket.recv_from(bytes).await.map(|(length, peer)| (length, peer, None));
        }
        let receive = || {
            let mut space = cmsg_space!(libc::in_pktinfo);
            let mut parts = [IoSliceMut::new(bytes)];
            let socket = self.socket.as_raw_fd();
            let message = recvmsg::<SockaddrIn>(socket, &mut parts, Some(&mut space), MsgFlags::empty())?;
            let asked = message.cmsgs()?.find_map(|control| match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => Some(u32::from_be(info.ipi_addr.s_addr).into()),
                _ => None,
            });
            let peer = message.address.ok_or(io::ErrorKind::AddrNotAvailable)?;
            Ok((message.bytes, SocketAddrV4::from(peer).into(), asked))
        };
        self.socket.async_io(Interest::READABLE, receive).await
    }

    async fn send(&self, answer: &[u8], peer: SocketAddr, asked: Option<Ipv4Addr>) -> io::Result<usize> {
        let (SocketAddr::V4(to), Some(asked)) = (peer, asked) else { return self.socket.send_to(answer, peer).await };
        let address = |ip: Ipv4Addr| libc::in_addr { s_addr: u32::from(ip).to_be() };
        let info =
            libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address(asked), ipi_addr: address(Ipv4Addr::UNSPECIFIED) };
        let send = || {
            let (parts, from) = ([IoSlice::new(answer)], [ControlMessage::Ipv4PacketInfo(&info)]);
            let socket = self.socket.as_raw_fd();
            Ok(sendmsg(socket, &parts, &from, MsgFlags::MSG_NOSIGNAL, Some(&SockaddrIn::from(to)))?)
        };
        self.socket.async_io(Interest::WRITABLE, send).await
    }
}

/// The messages that answer one: mostly one, none where silence is played.
async fn answers(bytes: &[u8], peer: SocketAddr, handler: &impl RequestHandler) -> Vec<Vec<u8>> {
    let Ok(request) = Request::from_bytes(bytes.to_vec(), peer, Protocol::Udp) else {
        return malformed(bytes).into_iter().collect();
    };
    if request.metadata.message_type != MessageType::Query {
        return Vec::new();
    }
    let (handle, sent) = BufDnsStreamHandle::new(peer);
    handler.handle_request::<_, TokioTime>(&request, ResponseHandle::new(peer, handle, Protocol::Udp)).await;
    sent.map(|message| message.into_parts().0).collect().await
}

/// What is said to a message of which only the beginning can be read (RFC 1035 section 4.1.1).
fn malformed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (id, rest) = bytes.split_first_chunk::<2>()?;
    let is_answer = rest.first()? & 0x80 != 0;
    if is_answer || bytes.len() < 12 {
        return None;
    }
    Message::error_msg(u16::from_be_bytes(*id), OpCode::Query, ResponseCode::FormErr).to_vec().ok()
}
