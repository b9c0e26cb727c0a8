//! Callers whose certificate is renewed while they run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use thales_harness::integration::Renewal;
use thales_harness::model::ChangeOver;
use thales_harness::{Integration, Portal, Reply, Request};

use super::caller::Caller;
use super::defect::{Defect, own_identity};
use super::tls::{Rustls, certificates, key, own, provider, verifier};

/// Long enough for whoever changes over at all: a call takes milliseconds.
const WITHIN: Duration = Duration::from_secs(2);

pub(super) fn all() -> Vec<Defect> {
    vec![
        renewing("keeps_the_old_certificate_after_renewal", ChangeOver::Asked, |_, _| Ok(()))
            .fails(&["inbound.own-renewal"]),
        renewing("renews_only_the_certificate_and_not_the_key", ChangeOver::Asked, |caller, portal| {
            let former = caller.former_key.take().ok_or("renewed twice")?;
            let signing = provider().key_provider.load_private_key(former).map_err(|error| error.to_string())?;
            let chain = certificates(portal, "CUSTOMER_TLS_CLIENT_CERTIFICATE")?;
            let mixed = Mixed(Arc::new(CertifiedKey::new(chain, signing)));
            let Rustls(config) = Rustls::new(verifier(portal)?, None)?;
            let mut config = Arc::unwrap_or_clone(config);
            config.client_auth_cert_resolver = Arc::new(mixed);
            caller.calling = Caller::over(portal, Rustls(Arc::new(config)));
            Ok(())
        })
        .fails(&["inbound.own-renewal"]),
        renewing("cannot_call_any_more_after_renewal", ChangeOver::Asked, |caller, portal| {
            caller.calling = Caller::new(portal)?.looking_up(Box::new(|_, _| Err(std::io::ErrorKind::Other.into())));
            Ok(())
        })
        .fails(&["inbound.own-renewal"]),
        renewing("a_caller_that_is_renewed_in_place", ChangeOver::Asked, |caller, portal| {
            caller.calling = Caller::new(portal)?;
            Ok(())
        }),
        renewing("a_caller_that_is_built_anew", ChangeOver::Restart, |_, _| Err("nobody asks".to_owned())),
        renewing("a_caller_that_is_never_told", ChangeOver::Files, |_, _| Ok(())).fails(&["inbound.own-renewal"]),
        renewing("a_caller_that_cannot_be_told", ChangeOver::Asked, |_, _| Err("unsupported".to_owned()))
            .inconclusive(&["inbound.own-renewal"]),
    ]
}

type Renew = fn(&mut Renewing, &Portal) -> Result<(), String>;

/// The reference's conduct but for what it does when it is told.
struct Renewing {
    calling: Caller,
    former_key: Option<rustls_pki_types::PrivateKeyDer<'static>>,
    renew: Renew,
}

impl Integration for Renewing {
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        self.calling.call(request)
    }

    fn serve(&mut self, at: SocketAddr) -> Result<(), String> {
        self.calling.serve(at)
    }

    fn renew(&mut self, portal: &Portal) -> Result<(), String> {
        (self.renew)(self, portal)
    }
}

fn renewing(name: &'static str, by: ChangeOver, renew: Renew) -> Defect {
    let build = move |portal: &Portal| {
        let calling = Caller::showing(portal, Some(own(portal)?))?;
        Ok::<_, String>(Renewing { calling, former_key: Some(key(portal, "CUSTOMER_TLS_CLIENT_KEY")?), renew })
    };
    Defect::new(name, build).only(&["inbound/own-renewal"]).described(move |subject| {
        // Without it the scenario is left out, which the test would notice.
        let renewed = own_identity(&subject.profile).ok();
        subject.renewal = renewed.map(|identity| Renewal {
            client_csr: identity.client_csr,
            client_certificate: identity.client_certificate,
            client_key: identity.client_key,
            by: by.clone(),
            within: WITHIN,
        });
    })
}

/// Shows a certificate and signs with whatever key.
#[derive(Debug)]
struct Mixed(Arc<CertifiedKey>);

impl ResolvesClientCert for Mixed {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
