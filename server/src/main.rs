//! `holdfast`: one program for the console, the workers and the command line.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use domain::Clock;
use server::{
    cli,
    clock::SystemClock,
    config::{self, Config, LogFormat},
    http,
    migrate::migrate,
    services::Services,
    work,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Backup and disaster recovery for multi-tenant databases.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version)]
struct Program {
    /// Configuration file [default: /etc/holdfast/holdfast.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "HOLDFAST_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the console and a worker in one process
    Serve(ServeArgs),
    /// Runs the console alone
    Web(ServeArgs),
    /// Runs a worker alone
    Worker,
    /// Makes what is missing (keys, vault, catalog) and brings the catalog up to date
    Migrate,
    /// Prints a configuration file with every setting and its explanation
    Config {
        /// Print the environment variables instead
        #[arg(long)]
        variables: bool,
    },
    #[command(flatten)]
    AtTheMachine(cli::Command),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Address and port to listen on, instead of the configured one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

fn main() -> ExitCode {
    match start(Program::parse()) {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            ExitCode::from(cli::FAILED)
        }
    }
}

#[expect(clippy::print_stdout, reason = "commands that print")]
fn start(program: Program) -> anyhow::Result<ExitCode> {
    // Catalog, queue and exports are for this account alone, also in a directory that others may enter.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    if let Command::Config { variables } = &program.command {
        if *variables {
            for (name, meaning) in config::VARIABLES {
                println!("{name:<40} {meaning}");
            }
        } else {
            print!("{}", config::EXAMPLE);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = Config::load(program.config.as_deref())?;
    if matches!(program.command, Command::AtTheMachine(_)) && config.log.filter == "info" {
        // A person reads what the command prints; the log would repeat it.
        config.log.filter = "error".into();
    }
    log_to_stderr(&config)?;
    // Whoever set another provider before us would be ourselves.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().context("start the asynchronous runtime")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    runtime.block_on(async move {
        match program.command {
            Command::Serve(args) => {
                args.apply(&mut config);
                run(config, clock, true, true).await?;
            }
            Command::Web(args) => {
                args.apply(&mut config);
                run(config, clock, true, false).await?;
            }
            Command::Worker => run(config, clock, false, true).await?,
            Command::Migrate => {
                for line in migrate(&config, clock).await? {
                    println!("{line}");
                }
            }
            Command::Config { .. } => {}
            Command::AtTheMachine(command) => return cli::run(command, config).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}

impl ServeArgs {
    fn apply(self, config: &mut Config) {
        if let Some(listen) = self.listen {
            config.web.listen = listen;
            let (scheme, is_default) = (
                if config.web.tls.is_some() { "https" } else { "http" },
                config.web.public_url.contains("://localhost:"),
            );
            if is_default {
                config.web.public_url = format!("{scheme}://localhost:{}", listen.port());
            }
        }
    }
}

/// Runs the parts that were asked for until the program is told to end or one of them fails; then both end.
async fn run(config: Config, clock: Arc<dyn Clock>, web: bool, worker: bool) -> anyhow::Result<()> {
    let services = Services::open(config, clock).await?;
    let shutdown = CancellationToken::new();
    tokio::spawn(end_on_signal(shutdown.clone()));
    let serving = async {
        if web { http::serve::serve(Arc::clone(&services), shutdown.clone()).await } else { Ok(()) }
    };
    let working =
        async { if worker { work::work(Arc::clone(&services), shutdown.clone()).await } else { Ok(()) } };
    let ended = |result: anyhow::Result<()>| {
        if result.is_err() {
            shutdown.cancel();
        }
        result
    };
    let (served, worked) = tokio::join!(async { ended(serving.await) }, async { ended(working.await) });
    services.catalog.close().await;
    served.and(worked)
}

async fn end_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be received; end the program with SIGKILL");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to end; finishing what is at work");
    shutdown.cancel();
}

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .with_context(|| format!("read [log] filter {:?}", config.log.filter))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
