//! `cargo xtask run`: build, serve, say so.

use crate::shell::Cmd;
use crate::site::{self, Flavour};
use crate::tools;
use crate::workspace::{say, target};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, parent_id};
use std::time::{Duration, Instant};

const PORT: u16 = 8080;
const START_LIMIT: Duration = Duration::from_secs(30);

/// Builds everything and becomes the gateway, so that signals reach it directly and Ctrl-C is a graceful stop.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let port = port(arguments)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    check_free(address)?;
    let native = tools::native()?;
    let site = site::build_with(Flavour::from_arguments(arguments), &native)?;
    check_free(address)?;
    // Waits beside the gateway and tells when it answers.
    let own_program = std::env::current_exe().context("cannot find this program")?;
    Cmd::new(own_program)
        .args(["announce", &port.to_string()])
        .command()
        .spawn()
        .context("cannot start the announcement")?;
    let gateway = Cmd::new(&native.gateway).args(["--listen", &address.to_string(), "--demo", "--data"]);
    let failed = gateway.arg(target().join("demo-data")).arg("--site").arg(site).command().exec();
    Err(failed).context("cannot start the gateway")
}

/// `cargo xtask build`.
pub(crate) fn build(arguments: &[String]) -> Result<()> {
    site::build(Flavour::from_arguments(arguments)).map(drop)
}

/// Polls the gateway, whose child this process is, until it answers.
pub(crate) fn announce(arguments: &[String]) -> Result<()> {
    let port: u16 = arguments.first().and_then(|port| port.parse().ok()).context("announce needs a port")?;
    let gateway = parent_id();
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        if parent_id() != gateway {
            return Ok(()); // It has ended, and said why.
        }
        if answers(port) {
            say(format!("Tillandsia is running: open http://127.0.0.1:{port} (Ctrl-C stops it)"));
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the gateway does not answer on port {port} after {} s", START_LIMIT.as_secs())
}

fn answers(port: u16) -> bool {
    probe(port).unwrap_or(false)
}

/// The gateway's own probe: what comes back must hold what was sent.
fn probe(port: u16) -> std::io::Result<bool> {
    const NONCE: &str = "xtask-announce";
    let mut stream =
        TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    // In one write: a server may answer and close after the first packet.
    let request = format!(
        "GET /v1/probe?nonce={NONCE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains(NONCE))
}

fn port(arguments: &[String]) -> Result<u16> {
    let mut rest = arguments.iter();
    let mut port = PORT;
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--production" => {}
            "--port" => {
                port = rest
                    .next()
                    .and_then(|text| text.parse().ok())
                    .context("--port needs a number from 1 to 65535")?;
            }
            other => bail!("run does not know {other:?}"),
        }
    }
    Ok(port)
}

fn check_free(address: SocketAddr) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_listener) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {} is taken by another program: stop it, or choose one with --port N", address.port())
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(port(&[]).unwrap(), 8080);
        assert_eq!(port(&words("--production --port 9000")).unwrap(), 9000);
        assert!(port(&words("--port")).is_err());
        assert!(port(&words("--port 70000")).is_err());
        assert!(port(&words("--prot 1")).is_err());
    }

    #[test]
    fn a_taken_port_is_one_clear_line() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = check_free(held.local_addr().unwrap()).unwrap_err();
        assert!(format!("{error:#}").contains("is taken"));
    }

    #[test]
    fn only_the_gateways_own_answer_counts() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let serve = std::thread::spawn(move || {
            for body in ["<html>a portal</html>", "{\"nonce\":\"xtask-announce\"}"] {
                let (mut stream, _) = server.accept().unwrap();
                let mut request = [0; 512];
                let _read = stream.read(&mut request).unwrap();
                write!(stream, "HTTP/1.1 200 OK\r\n\r\n{body}").unwrap();
            }
        });
        assert!(!probe(port).unwrap());
        assert!(probe(port).unwrap());
        serve.join().unwrap();
        assert!(!answers(port));
    }
}
