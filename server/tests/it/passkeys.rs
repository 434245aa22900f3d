//! Passkeys, with an authenticator written here: it makes a key, signs what it is asked to, and can be made to lie.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::access::Role;
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{Answer, MINUTE, PASSWORD, World, email, form};

const ORIGIN: &str = "http://localhost:3000";
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const NEW_KEY: u8 = 0x40;

struct Device {
    key: EcdsaKeyPair,
    id: [u8; 16],
    user: String,
    counter: u32,
    origin: &'static str,
    flags: u8,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    fn new(id: u8) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { key, id: [id; 16], user: String::new(), counter: 0, origin: ORIGIN, flags: PRESENT | VERIFIED }
    }
    fn head(&mut self, party: &str, extra: u8) -> Vec<u8> {
        self.counter += 1;
        let mut data = Sha256::digest(party.as_bytes()).to_vec();
        data.push(self.flags | extra);
        data.extend(self.counter.to_be_bytes());
        data
    }
    fn client(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false});
        serde_json::to_vec(&data).unwrap()
    }
    /// Makes its key known.
    fn register(&mut self, asked: &Value) -> String {
        let options = &asked["publicKey"];
        options["user"]["id"].as_str().unwrap().clone_into(&mut self.user);
        let mut data = self.head(options["rp"]["id"].as_str().unwrap(), NEW_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        let point = self.key.public_key().as_ref().to_vec();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client = self.client("webauthn.create", &options["challenge"]);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {},
            "response": {"attestationObject": text(&object), "clientDataJSON": text(&client)},
        })
        .to_string()
    }
    /// Signs a challenge.
    fn show(&mut self, asked: &Value) -> String {
        let options = &asked["publicKey"];
        let data = self.head(options["rpId"].as_str().unwrap(), 0);
        let client = self.client("webauthn.get", &options["challenge"]);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": text(&data), "clientDataJSON": text(&client),
                "signature": text(signature.as_ref()), "userHandle": self.user,
            },
        })
        .to_string()
    }
}

/// The challenge of an answer, and the session that waits with it.
fn asked(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    serde_json::from_str(&serde_json::from_str::<String>(&answer.body).unwrap()).unwrap()
}

async fn ask(world: &World, session: Option<&str>) -> (Value, String) {
    let answer = world.post("/fn/access/ask_passkey", "", session).await;
    let session = answer.session().or_else(|| session.map(str::to_owned)).unwrap();
    (asked(&answer), session)
}

async fn register(world: &World, session: &str, device: &mut Device) -> Answer {
    let begun = asked(&world.post("/fn/access/begin_passkey", "", Some(session)).await);
    let answer = device.register(&begun);
    let body = form(&[("request[name]", "My phone"), ("request[credential]", &answer)]);
    world.post("/fn/access/add_passkey", &body, Some(session)).await
}

async fn show(world: &World, session: &str, credential: &str) -> Answer {
    world.post("/fn/access/use_passkey", &form(&[("request[credential]", credential)]), Some(session)).await
}

#[tokio::test]
async fn a_passkey_alone_signs_its_person_in() {
    let world = World::new().await;
    let mut device = Device::new(1);
    let viewer = world.our(Role::Viewer).to_owned();
    let added = register(&world, &viewer, &mut device).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    let page = world.get("/profile/security", Some(&viewer)).await.body;
    assert!(page.contains("My phone") && page.contains("/passkey.js"), "{page}");
    let (challenge, waiting) = ask(&world, None).await;
    assert!(
        challenge["publicKey"]["allowCredentials"].as_array().is_none_or(Vec::is_empty),
        "nobody is named"
    );
    let credential = device.show(&challenge);
    let done = show(&world, &waiting, &credential).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let session = done.session().unwrap();
    assert_ne!(session, waiting);
    let profile = world.get("/profile", Some(&session)).await;
    assert!(profile.status == StatusCode::OK && profile.body.contains(&email("Ours", Role::Viewer)));
    // The same answer once more, in another session that waits.
    let (_, other) = ask(&world, None).await;
    assert_eq!(show(&world, &other, &credential).await.status, StatusCode::UNPROCESSABLE_ENTITY, "replayed");
}

#[tokio::test]
async fn lies_of_an_authenticator_are_refused() {
    let world = World::new().await;
    let mut device = Device::new(2);
    let viewer = world.our(Role::Viewer).to_owned();
    register(&world, &viewer, &mut device).await;
    let refused = async |device: &mut Device, why: &str| {
        let (challenge, waiting) = ask(&world, None).await;
        let answer = show(&world, &waiting, &device.show(&challenge)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}: {}", answer.body);
        assert_eq!(world.get("/profile", Some(&waiting)).await.status, StatusCode::FOUND, "{why}");
    };
    device.origin = "http://localhost.evil.example:3000";
    refused(&mut device, "another site").await;
    device.origin = ORIGIN;
    device.flags = PRESENT;
    refused(&mut device, "nobody unlocked it").await;
    device.flags = PRESENT | VERIFIED;
    let mut forged = Device::new(2);
    forged.user.clone_from(&device.user);
    forged.counter = 50;
    refused(&mut forged, "another key").await;
    let mut unknown = Device::new(3);
    unknown.user.clone_from(&device.user);
    refused(&mut unknown, "an unknown passkey").await;
    let own = std::mem::take(&mut device.user);
    device.user = text(world.ours.users[&Role::PlatformOperator].uuid().as_bytes());
    refused(&mut device, "somebody else's name").await;
    device.user = own;
    device.counter = 0;
    let (challenge, waiting) = ask(&world, None).await;
    device.counter = 10;
    assert_eq!(show(&world, &waiting, &device.show(&challenge)).await.status, StatusCode::OK);
    device.counter = 3;
    refused(&mut device, "a copy that counts behind").await;
    // A challenge is good for five minutes and in its own session.
    device.counter = 20;
    let (challenge, waiting) = ask(&world, None).await;
    world.clock.advance_ms(6 * MINUTE);
    assert_eq!(
        show(&world, &waiting, &device.show(&challenge)).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_passkey_is_the_second_step_and_the_proof() {
    let world = World::new().await;
    let mut device = Device::new(4);
    let admin = world.our(Role::TenantAdmin).to_owned();
    register(&world, &admin, &mut device).await;
    let first = world.sign_in(&email("Ours", Role::TenantAdmin), PASSWORD).await;
    let waiting = first.session().unwrap();
    assert_eq!(
        world.get("/profile", Some(&waiting)).await.status,
        StatusCode::FOUND,
        "a password is not enough"
    );
    let (challenge, _) = ask(&world, Some(&waiting)).await;
    assert_eq!(challenge["publicKey"]["allowCredentials"][0]["id"], text(&device.id));
    let done = show(&world, &waiting, &device.show(&challenge)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let session = done.session().unwrap();
    // Somebody else's passkey is neither the second step nor the proof.
    let mut other = Device::new(5);
    let viewer = world.our(Role::Viewer).to_owned();
    register(&world, &viewer, &mut other).await;
    world.clock.advance_ms(11 * MINUTE);
    let export = format!("/backups/{}/export", world.ours.backup);
    assert_eq!(world.get(&export, Some(&session)).await.status, StatusCode::SEE_OTHER);
    for (device, is_own) in [(&mut other, false), (&mut device, true)] {
        let (challenge, _) = ask(&world, Some(&session)).await;
        let proved = show(&world, &session, &device.show(&challenge)).await;
        assert_eq!(proved.status == StatusCode::OK, is_own, "{}", proved.body);
        let is_open = world.get(&export, Some(&session)).await.status != StatusCode::SEE_OTHER;
        assert_eq!(is_open, is_own);
    }
}

#[tokio::test]
async fn nobody_adds_one_without_a_proof_or_takes_somebody_elses() {
    let world = World::new().await;
    let (mut device, viewer) = (Device::new(6), world.our(Role::Viewer).to_owned());
    let operator = world.our(Role::Operator).to_owned();
    register(&world, &viewer, &mut device).await;
    let taken = register(&world, &operator, &mut device).await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.body);
    let page = world.get("/profile/security", Some(&viewer)).await.body;
    let id = page.split("name=\"request[id]\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let remove = form(&[("request[id]", id)]);
    let foreign = world.post("/fn/access/remove_passkey", &remove, Some(&operator)).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    world.clock.advance_ms(11 * MINUTE);
    for path in ["/fn/access/begin_passkey", "/fn/access/remove_passkey"] {
        let late = world.post(path, &remove, Some(&viewer)).await;
        assert!(
            late.status == StatusCode::FORBIDDEN && late.body.contains("proof_needed"),
            "{path} {}",
            late.body
        );
    }
}
