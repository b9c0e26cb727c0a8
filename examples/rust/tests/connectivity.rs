//! Every scenario of thales-harness as a test of its own. `cargo test -- --list` names them.

use std::net::SocketAddr;
use std::process::ExitCode;

use acme_issuer_backend::{issuer, thales};
use thales_harness::integration::{InProcess, OwnIdentity};
use thales_harness::model::RequestShape;
use thales_harness::{Integration, Portal, Reply, Request, conformance};

/// The backend as Production starts it, with the files of onboarding in the portal's directory.
struct Acme {
    thales: thales::Client,
    portal: Portal,
    server: Option<issuer::Server>,
}

impl Acme {
    fn new(portal: &Portal) -> Result<Self, String> {
        Ok(Self { thales: client(portal)?, portal: portal.clone(), server: None })
    }
}

fn client(portal: &Portal) -> Result<thales::Client, String> {
    thales::Client::new(&thales::Files {
        trust: &portal.directory.join("TSH_TLS_SERVER_CERTIFICATE_CHAIN"),
        certificate: &portal.directory.join("CUSTOMER_TLS_CLIENT_CERTIFICATE"),
        key: &portal.directory.join("CUSTOMER_TLS_CLIENT_KEY"),
    })
    .map_err(|error| error.to_string())
}

impl Integration for Acme {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let status = self.thales.call(&request.method, &request.url).map_err(|error| error.to_string())?;
        Ok(Reply { status })
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        let files = issuer::Files {
            authority: &self.portal.directory.join("THALES_CLIENT_CA"),
            chain: &self.portal.directory.join("CUSTOMER_TLS_SERVER_CERTIFICATE_CHAIN"),
            key: &self.portal.directory.join("CUSTOMER_TLS_SERVER_KEY"),
        };
        self.server = Some(issuer::Server::start(&files, at).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn renew(&mut self, portal: &Portal) -> Result<(), String> {
        self.thales = client(portal)?;
        Ok(())
    }
}

fn main() -> ExitCode {
    let eligibility = RequestShape {
        method: "POST".to_owned(),
        path: "/issuer/igwapi/v2.0/checkCardEligibility".to_owned(),
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: "{}".to_owned(),
        status: vec![200],
    };
    // Without files of its own the harness issues its certificates, and the one that it changes over to.
    let acme = InProcess::new("acme-issuer-backend", Acme::new).serves(vec![eligibility]);
    conformance(acme.renews(OwnIdentity::default()))
}
