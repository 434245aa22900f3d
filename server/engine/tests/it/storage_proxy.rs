//! A proxy that spoils the n-th request of one sort: what a network, a balancer or a store in trouble does.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// The store is not asked; this status and S3 code come back.
    Answer(u16, &'static str),
    /// The store is not asked; 200 comes back with an error in the body.
    ErrorIn200,
    /// The store does it; the connection ends before the answer.
    DropAnswer,
    /// The store does it; its answer's body ends after so many bytes, though the header announces more.
    CutBody(usize),
    /// The store does it; a balancer answers 502 for it.
    Replace502,
    /// Part of the request's body reaches nobody; the connection ends.
    DropRequest,
}

/// Which requests: those whose head (first line and headers) contains all of these, from the `first` (counted from 1), `count` of them.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub line: &'static [&'static str],
    pub first: usize,
    pub count: usize,
    pub spoil: Spoil,
}

/// A running proxy. Dropped, it stops.
pub struct Proxy {
    pub address: SocketAddr,
    pub spoiled: Arc<AtomicUsize>,
    pub lines: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Proxy {
    pub async fn start(store: SocketAddr, rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (spoiled, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (counted, noted) = (spoiled.clone(), lines.clone());
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (counted, seen, noted) = (counted.clone(), seen.clone(), noted.clone());
                tokio::spawn(async move {
                    // A client that goes away in the middle is part of the game.
                    let _ = one_request(client, store, rule, &counted, &seen, &noted).await;
                });
            }
        });
        Self { address, spoiled, lines, serving }
    }
    pub fn spoiled(&self) -> usize {
        self.spoiled.load(Ordering::SeqCst)
    }
}

async fn one_request(
    mut client: TcpStream,
    store: SocketAddr,
    rule: Rule,
    spoiled: &AtomicUsize,
    seen: &AtomicUsize,
    lines: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        if let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let line = text.lines().next().unwrap_or_default().to_owned();
    let length: usize = text
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap())
        })
        .unwrap_or(0);
    lines.lock().unwrap().push(line.clone());
    let spoil =
        rule.line.iter().all(|word| text.contains(word)).then(|| seen.fetch_add(1, Ordering::SeqCst) + 1);
    let spoil = spoil.filter(|n| (rule.first..rule.first + rule.count).contains(n)).map(|_| rule.spoil);
    if spoil.is_some() {
        spoiled.fetch_add(1, Ordering::SeqCst);
    }
    if spoil == Some(Spoil::DropRequest) {
        return Ok(());
    }
    if text.to_ascii_lowercase().contains("expect: 100-continue") {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    while request.len() < head + length {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    match spoil {
        Some(Spoil::Answer(status, code)) => return answer(&mut client, status, code).await,
        Some(Spoil::ErrorIn200) => return answer(&mut client, 200, "InternalError").await,
        _ => {}
    }
    let mut upstream = TcpStream::connect(store).await?;
    let forwarded: String = text
        .trim_end()
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("expect:"))
        .fold(String::new(), |head, line| head + line + "\r\n");
    upstream.write_all(format!("{forwarded}connection: close\r\n\r\n").as_bytes()).await?;
    upstream.write_all(&request[head..]).await?;
    let mut reply = Vec::new();
    upstream.read_to_end(&mut reply).await?;
    match spoil {
        Some(Spoil::DropAnswer) => return Ok(()),
        Some(Spoil::Replace502) => return answer(&mut client, 502, "").await,
        Some(Spoil::CutBody(after)) => {
            let body = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0) + 4;
            reply.truncate(body + after);
        }
        _ => {}
    }
    client.write_all(&reply).await?;
    client.shutdown().await
}

async fn answer(client: &mut TcpStream, status: u16, code: &str) -> std::io::Result<()> {
    let body = if code.is_empty() {
        "<html>bad gateway</html>".to_owned()
    } else {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>on purpose</Message></Error>"
        )
    };
    let head = format!(
        "HTTP/1.1 {status} On Purpose\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(body.as_bytes()).await?;
    client.shutdown().await
}
