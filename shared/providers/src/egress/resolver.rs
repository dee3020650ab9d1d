//! Name resolution. A connection uses the very addresses that were checked here. No second look-up between check and connection
//! could answer something else.

use std::convert::Infallible;
use std::future::{self, Ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{io, vec};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::error::Source;
use super::policy::Guard;

/// Function that looks up the addresses of a host name.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Returns the machine's own look-up.
pub(super) fn system() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            // The look-up ignores the port. The connection takes it from the URL.
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Look-up that only returns addresses that the guard allows.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) lookup: Lookup,
    pub(super) guard: Guard,
}

impl Guarded {
    /// Returns the addresses of a host. If one of them is not public, all are refused: a name with a public and a private
    /// address is a trick or a mistake.
    pub(super) async fn addresses(&self, host: String) -> Result<Vec<IpAddr>, Source> {
        let addresses = (self.lookup)(host).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        for address in &addresses {
            self.guard.check_address(*address)?;
        }
        Ok(addresses)
    }
}

/// Result of a look-up, as a resolver. The connector asks it for the name again, and gets these addresses.
#[derive(Clone)]
pub(super) struct Found(pub(super) Vec<IpAddr>);

impl Service<Name> for Found {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _name: Name) -> Self::Future {
        // The connector sets the port of the URL.
        let addresses: Vec<SocketAddr> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        future::ready(Ok(addresses.into_iter()))
    }
}
