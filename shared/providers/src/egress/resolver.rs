//! Names to addresses. The addresses checked here are the ones that are connected to: between the check and the
//! connection there is no second look-up that could answer something else.

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

/// Looks up a host's name.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The look-up of the machine.
pub(super) fn system() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            // The port is of no interest to the look-up; the connection takes it from the URL.
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// A look-up that lets nothing through but what the guard allows.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) lookup: Lookup,
    pub(super) guard: Guard,
}

impl Guarded {
    /// The addresses of a host. One that is not public refuses all of them: a name that means both a public place and a
    /// private one is a trick, or a mistake.
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

/// What a look-up found: asked for the name once more, where the connection is made, it is what the name means.
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
        // The port is the URL's: whoever connects sets it.
        let addresses: Vec<SocketAddr> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        future::ready(Ok(addresses.into_iter()))
    }
}
