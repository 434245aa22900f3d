//! Notices as their receivers see them: a mail server and a webhook receiver on this machine.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use catalog::{NewChannels, NewWebhook};
use domain::{Clock as _, access::may, audit::Act, backups::RunState};
use engine::seal::credentials;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use server::alerts::{
    deliver::{self, WebhookBinding},
    sweep, webhooks,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use super::worker_world::{Floor, source, verification};

const SECRET: &str = "a signing secret of the receiver";

type Received = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

async fn webhook() -> (String, Received) {
    async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
        received.lock().unwrap().push((headers, body.to_vec()));
    }
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// Takes every letter, as a mail server does.
async fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = Arc::clone(&letters);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 test\r\n").await.ok()?;
                while let Some(line) = lines.next_line().await.ok()? {
                    let answer: &[u8] = match line.get(..4).unwrap_or_default() {
                        "DATA" => {
                            write.write_all(b"354 go\r\n").await.ok()?;
                            let mut letter = String::new();
                            while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                                letter.push_str(&line);
                                letter.push('\n');
                            }
                            kept.lock().unwrap().push(letter);
                            b"250 kept\r\n"
                        }
                        "QUIT" => b"221 bye\r\n",
                        _ => b"250 fine\r\n",
                    };
                    write.write_all(answer).await.ok()?;
                }
                Some(())
            });
        }
    });
    (port, letters)
}

async fn set_channels(floor: &Floor, url: &str) {
    let binding = WebhookBinding::new(floor.tenant, url).unwrap();
    let sealed = credentials::seal(
        floor.services.vault.worker_public(),
        binding.binding(),
        &SecretString::from(SECRET),
    )
    .unwrap();
    let scope = floor.principal.allow::<may::ManageAlerts>(floor.tenant).unwrap();
    let new = NewChannels {
        email_to: Some("night@example.org".into()),
        webhook_url: Some(url.into()),
        webhook_secret: Some(catalog::Sealed(sealed)),
    };
    floor.services.catalog.tenant(&scope).set_channels(new).await.unwrap();
}

fn check_signature(headers: &HeaderMap, body: &[u8]) {
    let text = headers["holdfast-signature"].to_str().unwrap();
    let (t, v1) = text.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{t}.").as_bytes());
    mac.update(body);
    mac.verify_slice(&hex::decode(v1).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_night_is_told_once_by_mail_and_by_signed_webhook() {
    let (url, received) = webhook().await;
    let (port, letters) = mail_server().await;
    let smtp = format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"off\"\nfrom = \"holdfast@example.org\"\n"
    );
    let floor = Floor::with("failed_night", source().port, verification(), &smtp).await;
    set_channels(&floor, &url).await;
    source().sql("DROP DATABASE failed_night");
    let run = floor.start_backup().await;
    assert_eq!(floor.work(run).await.state, RunState::Failed);
    for _ in 0..3 {
        deliver::due(&floor.services).await.unwrap();
        floor.clock.advance_ms(3_600_000);
    }
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 1);
    let (headers, body) = &received[0];
    check_signature(headers, body);
    let notice: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(notice["kind"], "backup_failed");
    assert_eq!(notice["id"], headers["holdfast-notice"].to_str().unwrap());
    assert_eq!(notice["url"], format!("https://holdfast.test/runs/{run}"));
    let letters = letters.lock().unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].contains("Subject: Backup of failed_night failed"), "{}", letters[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_source_is_told_once_per_slot() {
    let (url, received) = webhook().await;
    let floor = Floor::new("overdue").await;
    set_channels(&floor, &url).await;
    sweep::overdue(&floor.services).await.unwrap();
    deliver::due(&floor.services).await.unwrap();
    assert!(received.lock().unwrap().is_empty());
    floor.clock.advance_ms(2 * 86_400_000);
    for _ in 0..3 {
        sweep::overdue(&floor.services).await.unwrap();
        deliver::due(&floor.services).await.unwrap();
    }
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 1);
    let notice: serde_json::Value = serde_json::from_slice(&received[0].1).unwrap();
    assert_eq!(notice["kind"], "backup_overdue");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_is_tried_later_and_says_why() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let floor = Floor::new("undelivered").await;
    set_channels(&floor, &format!("http://127.0.0.1:{closed}/hook")).await;
    let scope = floor.principal.allow::<may::ManageAlerts>(floor.tenant).unwrap();
    floor.services.catalog.tenant(&scope).queue_test_notice().await.unwrap();
    deliver::due(&floor.services).await.unwrap();
    let deliveries = floor.services.catalog.tenant(&scope).list_deliveries(10).await.unwrap();
    let webhook = deliveries.iter().find(|delivery| delivery.channel == "webhook").unwrap();
    assert_eq!(webhook.state, "waiting");
    assert!(webhook.error.as_ref().unwrap().contains("cannot be reached"), "{webhook:?}");
    let mail = deliveries.iter().find(|delivery| delivery.channel == "email").unwrap();
    assert!(mail.error.as_ref().unwrap().contains("[smtp]"), "{mail:?}");
    assert!(floor.clock.now().0 > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_what_happened_in_order_signed_and_again_until_it_listens() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let floor = Floor::new("followed").await;
    let scope = floor.principal.allow::<may::ManageAlerts>(floor.tenant).unwrap();
    let rows = floor.services.catalog.tenant(&scope);
    let (url, received) = webhook().await;
    let mut made = Vec::new();
    for url in [url, format!("http://127.0.0.1:{closed}/hook")] {
        let binding = WebhookBinding::new(floor.tenant, &url).unwrap();
        let workers = floor.services.vault.worker_public();
        let sealed = credentials::seal(workers, binding.binding(), &SecretString::from(SECRET)).unwrap();
        let acts = vec![Act::BackupStart, Act::RunCancel];
        made.push(
            rows.create_webhook(NewWebhook { url, secret: catalog::Sealed(sealed), acts }).await.unwrap(),
        );
    }
    let run = floor.start_backup().await;
    rows.request_cancel(run).await.unwrap();
    for _ in 0..3 {
        webhooks::tell(&floor.services).await.unwrap();
    }
    {
        let received = received.lock().unwrap();
        let acts: Vec<_> = received
            .iter()
            .map(|(headers, body)| {
                check_signature(headers, body);
                let event: serde_json::Value = serde_json::from_slice(body).unwrap();
                assert_eq!(event["id"], headers["holdfast-notice"].to_str().unwrap());
                assert!(event["id"].as_str().unwrap().starts_with(&made[0].to_string()), "{event}");
                assert_eq!(event["about"], format!("run:{run}"), "{event}");
                event["act"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(acts, ["backup.start", "run.cancel"]);
    }
    let silent = rows.get_webhook(made[1]).await.unwrap();
    assert_eq!((silent.is_active, silent.attempts), (true, 1));
    assert!(silent.error.unwrap().contains("cannot be reached"));
    // A day and a half later it is given up, and everything still waits for it.
    for _ in 0..9 {
        floor.clock.advance_ms(12 * 3_600_000);
        webhooks::tell(&floor.services).await.unwrap();
    }
    let silent = rows.get_webhook(made[1]).await.unwrap();
    assert!(!silent.is_active && silent.last_sent_at.is_none(), "{silent:?}");
    assert_eq!(received.lock().unwrap().len(), 2);
}
