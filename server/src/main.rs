//! `holdfast`: one program for the console, the workers and the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
