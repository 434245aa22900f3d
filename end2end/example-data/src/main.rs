//! Writes one example database to standard output, for the stock client to load.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use example_data::{Database, Family};

/// Writes an example database as SQL to standard output.
///
/// example-data --database grc2 --family mariadb --scale 1 | mariadb --binary-mode --default-character-set=utf8mb4
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Which of the two databases to write.
    #[arg(long)]
    database: Database,
    /// The kind of server that will load it.
    #[arg(long)]
    family: Family,
    /// Size: 1 is 30 to 60 MB, 20 is twenty times that, 0.02 is enough for a test.
    #[arg(long, default_value = "1", value_parser = scale)]
    scale: f64,
    /// How many tenants share it, besides the platform's own tenant 0.
    #[arg(long, default_value = "25", value_parser = clap::value_parser!(u16).range(7..=5000))]
    tenants: u16,
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= 10_000.0 => Ok(scale),
        _ => Err("must be a number above 0 and at most 10000, such as 0.02, 1 or 20".to_owned()),
    }
}

fn main() -> ExitCode {
    let Arguments { database, family, scale, tenants } = Arguments::parse();
    example_data::choose_tenants(usize::from(tenants) + 1);
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let written = example_data::write(&mut out, database, family, scale).and_then(|()| out.flush());
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            eprintln!(
                "example-data: the client closed the pipe before everything was written; see its own message"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("example-data: could not write to standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
