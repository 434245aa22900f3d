//! Listening: plain, or with TLS by rustls; ends in good order.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use catalog::SetupState;

use super::{Web, router};
use crate::services::Services;
use tokio_util::sync::CancellationToken;

/// How long requests at work may take to end after the program was asked to.
const GRACE: Duration = Duration::from_secs(20);
/// How often the certificate files are read again, so that a renewed one needs no restart.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Serves until `shutdown` and then until requests at work have ended.
pub async fn serve(services: Arc<Services>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let config = services.config.web.clone();
    let web = Web::new(Arc::clone(&services), shutdown.clone())?;
    announce(&web).await?;
    let app = router(web).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let ending = tokio::spawn({
        let (handle, shutdown) = (handle.clone(), shutdown.clone());
        async move {
            shutdown.cancelled().await;
            handle.graceful_shutdown(Some(GRACE));
        }
    });
    let listening = || format!("listen on {}", config.listen);
    let served = match &config.tls {
        Some((certificate, key)) => {
            let tls = RustlsConfig::from_pem_file(certificate, key).await.with_context(|| {
                format!("read the certificate {} and its key {}", certificate.display(), key.display())
            })?;
            let renewing = tokio::spawn(renew(tls.clone(), certificate.clone(), key.clone()));
            let served = axum_server::bind_rustls(config.listen, tls).handle(handle).serve(app).await;
            renewing.abort();
            served
        }
        None => axum_server::bind(config.listen).handle(handle).serve(app).await,
    };
    shutdown.cancel();
    ending.await.context("end the web server")?;
    served.with_context(listening)
}

async fn renew(tls: RustlsConfig, certificate: std::path::PathBuf, key: std::path::PathBuf) {
    loop {
        tokio::time::sleep(CERTIFICATE_EVERY).await;
        if let Err(error) = tls.reload_from_pem_file(&certificate, &key).await {
            tracing::error!(%error, "the certificate could not be read again; the present one stays");
        }
    }
}

/// Says where the console is, and the set-up code while nobody has set the installation up.
#[expect(clippy::print_stdout, reason = "for the person who starts the program, not for the log")]
async fn announce(web: &Web) -> anyhow::Result<()> {
    let config = &web.services.config.web;
    let setup = web.services.catalog.installation().await.context("read the installation")?.setup;
    println!("Holdfast listens on {}; people reach it at {}", config.listen, config.public_url);
    if setup == SetupState::Needed {
        println!("Nobody has set this installation up yet. Open {}/setup", config.public_url);
        println!("Set-up code: {}", web.gate.set_up_code());
    }
    Ok(())
}
