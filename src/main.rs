//! The program: cryptography installed, then the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifesign::net::install_crypto_provider();
    lifesign::cli::run()
}
