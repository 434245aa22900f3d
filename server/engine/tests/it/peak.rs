//! How much memory a piece of work takes at most.
//!
//! It is done by a program of its own, because a program's peak never comes down again: the test itself, started once
//! more for one of its ignored functions, with an order in its environment.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Serialize, de::DeserializeOwned};

const ORDER: &str = "HF_TEST_ORDER";

/// Starts the ignored test of that name with an order, and says how much memory it held at most, in MiB.
pub async fn of(test: &str, order: &impl Serialize) -> Result<u64> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(["--exact", test, "--ignored", "--nocapture"]);
    program.env(ORDER, serde_json::to_string(order)?).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || program.output()).await??;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let peak = said.lines().find_map(|line| line.split_once("PEAK ")).context("a peak")?;
    Ok(peak.1.trim().parse::<u64>()? >> 20)
}

/// The order, in the program that is measured.
pub fn order<T: DeserializeOwned>() -> Result<T> {
    Ok(serde_json::from_str(&std::env::var(ORDER).context("an order")?)?)
}

/// Tells whoever started this program, at its end, what it held at most.
pub fn tell() -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    println!("PEAK {}", line.trim().trim_end_matches(" kB").trim().parse::<u64>()? << 10);
    Ok(())
}
