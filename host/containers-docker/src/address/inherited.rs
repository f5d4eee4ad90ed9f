//! The address of an inherited socket.

use nix::errno::Errno;
use nix::sys::socket::{SockaddrLike as _, SockaddrStorage, getpeername, getsockname};

use super::{Address, AddressError};

/// Where the socket `number` is connected to, or else where it listens.
pub(super) fn resolve(number: i32) -> Result<Address, AddressError> {
    let found = match getpeername::<SockaddrStorage>(number) {
        Err(Errno::ENOTCONN) => getsockname::<SockaddrStorage>(number),
        found => found,
    };
    let name = found.map_err(|error| AddressError::NotASocket(number, error.desc().to_owned()))?;
    address(&name).ok_or(AddressError::Unnamed(number))
}

fn address(name: &SockaddrStorage) -> Option<Address> {
    if let Some(unix) = name.as_unix_addr() {
        return unix.path().map(|path| Address::Unix(path.to_owned()));
    }
    let (host, port) = match (name.as_sockaddr_in(), name.as_sockaddr_in6()) {
        (Some(four), _) => (four.ip().to_string(), four.port()),
        (_, Some(six)) => (format!("[{}]", six.ip()), six.port()),
        _ => return None,
    };
    (name.len() > 0 && port != 0).then_some(Address::Tcp { host, port: Some(port) })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn connected_and_listening_sockets_have_an_address() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let stream = UnixStream::connect(&path).unwrap();
        assert_eq!(resolve(listener.as_raw_fd()), Ok(Address::Unix(path.clone())));
        assert_eq!(resolve(stream.as_raw_fd()), Ok(Address::Unix(path)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Some(listener.local_addr().unwrap().port());
        assert_eq!(resolve(listener.as_raw_fd()), Ok(Address::Tcp { host: "127.0.0.1".into(), port }));
    }

    #[test]
    fn what_cannot_be_connected_to_says_so() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(resolve(one.as_raw_fd()), Err(AddressError::Unnamed(one.as_raw_fd())));
        let file = tempfile::tempfile().unwrap();
        assert!(matches!(resolve(file.as_raw_fd()), Err(AddressError::NotASocket(..))));
    }
}
