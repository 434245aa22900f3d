#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::IpAddr;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Act, Chain, Event, Fact, Facts, Field, Hash, Link, Mark, Object, Origin, Outcome, Plain, TreeHead,
    Unreadable, Who,
    encoding::{from_hex, to_hex},
    export::Line,
    tree,
    verify::{Damage, Verdict, Verifier},
};
use crate::{InstallationId, TenantId, Timestamp, UserId, id::Id, sources::Label};

fn number<T>(number: u128) -> Id<T> {
    Id::new(Uuid::from_u128(number))
}

fn event() -> Event {
    Event {
        id: Uuid::from_u128(1),
        chain: Chain::Tenant(number(2)),
        at: Timestamp(1_795_521_600_000),
        who: Who::person(number(3), "Ada"),
        from: Origin::network(IpAddr::from([192, 0, 2, 7]), Some("Firefox")),
        act: Act::UserChange,
        outcome: Outcome::Done,
        on: Object::from(number::<crate::id::kind::User>(4)),
        approval: Some(Uuid::from_u128(5)),
        before: Facts::none().with(Field::Role, "viewer").with(Field::Enabled, true),
        after: Facts::none().with(Field::Enabled, false).with(Field::Role, "operator"),
    }
}

/// Made by another program, in another language, from the description of the bytes.
const EVENT: &str = "01000000000000000000000000000000010100000000000000000000000000000002000001a20d6d5a00000475736572002430303030303030302d303030302d303030302d303030302d30303030303030303030303300034164610004c000020701000746697265666f78000b757365722e6368616e676501000475736572002430303030303030302d303030302d303030302d303030302d303030303030303030303034010000000000000000000000000000000500020007656e61626c656402010004726f6c6506000676696577657200020007656e61626c656402000004726f6c650600086f70657261746f72";
const START: &str = "96245cd09520397418e412745baa4f3e7db7fb3a1e88a7fadd61bceb74fdffd8";
const PLATFORM: &str = "0de63eb1fc7e8878dd39f2794a869df389c2c2faa66cc04fe3e9eafe7fc53f8b";
const ENTRY: &str = "2eea40fbc09a53a2918f30829f432c4880da25c8d6d15954e3a0a2537473ae25";
const MARK: &str = "1a451ff8698510e5e7be325bad7a4c1dc706c436acf10c0127f54134a9fdd2a5";
const HEAD: &str = "05e5f9e244e965e9cd43279985e5abfa884c27d4c77aa8db5412751c939e1160";

#[test]
fn bytes_and_hashes_are_those_of_the_description() {
    let bytes = event().encode();
    assert_eq!(to_hex(&bytes), EVENT);
    assert_eq!(Event::decode(&bytes).unwrap(), event());
    let start = Link::start(event().chain);
    assert_eq!(start.hash.to_string(), START);
    assert_eq!(Link::start(Chain::Platform).hash.to_string(), PLATFORM);
    let first = start.next(&bytes);
    assert_eq!((first.sequence, first.hash.to_string().as_str()), (1, ENTRY));
    let mark = Mark::over(event().chain, start, &[first.hash]).unwrap();
    assert_eq!(mark.leaf().to_string(), MARK);
    let head = TreeHead::over(number(9), None, Timestamp(1_795_525_200_000), &mut [mark]);
    assert_eq!(head.hash().to_string(), HEAD);
}

/// The vectors of the Certificate Transparency project.
#[test]
fn trees_are_those_of_certificate_transparency() {
    let leaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let leaves: Vec<_> = leaves.iter().map(|leaf| tree::leaf(&from_hex(leaf).unwrap())).collect();
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (count, root) in (1..).zip(roots) {
        assert_eq!(tree::root(&leaves[..count]).to_string(), root);
    }
}

#[test]
fn tables_have_no_key_twice_and_every_key_leads_back() {
    let acts: std::collections::BTreeSet<_> = Act::ALL.iter().map(|act| act.key()).collect();
    assert_eq!(acts.len(), Act::ALL.len());
    assert!(Act::ALL.iter().all(|act| Act::find(act.key()) == Some(*act)));
    let fields: std::collections::BTreeSet<_> = Field::ALL.iter().map(|field| field.key()).collect();
    assert_eq!(fields.len(), Field::ALL.len());
    assert!(super::ObjectKind::ALL.iter().all(|kind| super::ObjectKind::find(kind.key()) == Some(*kind)));
}

#[test]
fn what_plays_tricks_on_a_screen_is_marked_and_long_text_is_cut() {
    let who = Who::person(number(1), "Eve\n\u{202e}evE\u{0}");
    assert_eq!(who.name(), "Eve\u{fffd}\u{fffd}evE\u{fffd}");
    let long = Origin::network(IpAddr::from([127, 0, 0, 1]), Some(&"ä".repeat(5000)));
    assert_eq!(long.agent().unwrap().chars().count(), Plain::LONGEST);
}

#[test]
fn words_of_a_newer_version_are_told_from_damage() {
    let bytes = event().encode();
    let newer = |from: &str, to: &str| {
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        Event::decode(&bytes)
    };
    assert_eq!(newer("user.change", "user.chance"), Err(Unreadable::Newer));
    assert_eq!(newer("enabled", "enebled"), Err(Unreadable::Newer));
    let mut version = bytes.clone();
    version[0] = 2;
    assert_eq!(Event::decode(&version), Err(Unreadable::Newer));
    for cut in 0..bytes.len() {
        assert!(Event::decode(&bytes[..cut]).is_err(), "{cut}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(Event::decode(&longer), Err(Unreadable::Malformed));
}

/// Stands for the installation's key: what it signs nobody else can.
fn sign(bytes: &[u8]) -> [u8; 64] {
    let half: [u8; 32] = Sha256::new().chain_update(b"key").chain_update(bytes).finalize().into();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&half);
    signature[32..].copy_from_slice(&half);
    signature
}

fn signed(bytes: &[u8], signature: &[u8; 64]) -> bool {
    sign(bytes) == *signature
}

/// Writes down `hours` of acts of tenants, each a list of whose act it is, and exports the trail of tenant 0.
fn export(hours: &[Vec<u8>]) -> Vec<Line> {
    let installation: InstallationId = number(9);
    let ours = Chain::Tenant(number(100));
    let mut lines = vec![Line::begin(installation, ours, &[7; 32], Timestamp(0), Link::start(ours))];
    let mut at: Vec<_> = (0..4).map(|tenant| Link::start(Chain::Tenant(number(100 + tenant)))).collect();
    let (mut head, mut heads, mut entries, mut serial) = (None, 0, 0, 0);
    for (hour, acts) in (1i64..).zip(hours) {
        let before = at.clone();
        let mut new = vec![Vec::new(); 4];
        for tenant in acts {
            serial += 1;
            let tenant = usize::from(*tenant);
            let chain = Chain::Tenant(number(100 + tenant as u128));
            let event = Event { id: Uuid::from_u128(serial), chain, at: Timestamp(hour), ..event() };
            at[tenant] = at[tenant].next(&event.encode());
            new[tenant].push(at[tenant].hash);
            if tenant == 0 {
                lines.push(Line::entry(at[0], &event));
                entries += 1;
            }
        }
        let mut marks: Vec<_> = (0..4)
            .filter_map(|t| Mark::over(Chain::Tenant(number(100 + t as u128)), before[t], &new[t]))
            .collect();
        if marks.is_empty() {
            continue;
        }
        let next = TreeHead::over(installation, head.as_ref(), Timestamp(hour), &mut marks);
        if let Some(index) = marks.iter().position(|mark| mark.chain == ours) {
            let leaves: Vec<_> = marks.iter().map(Mark::leaf).collect();
            let path = tree::path(&leaves, index).unwrap();
            let line = Line::head(next.clone(), &sign(&next.bytes()), &marks[index], index as u64, path);
            lines.push(line);
            heads += 1;
        }
        head = Some(next);
    }
    lines.push(Line::End { entries, heads });
    lines
}

fn verify(lines: &[Line]) -> Result<Verdict, Damage> {
    let (first, rest) = lines.split_first().ok_or(Damage::NoExport)?;
    let mut verifier = Verifier::begin(first, &signed)?;
    for line in rest {
        verifier.line(line)?;
    }
    verifier.finish()
}

/// One bit of the event's bytes, with hash and words as they should then be: what somebody does who knows the format.
fn forge(line: &Line, bit: usize) -> Option<Line> {
    let Line::Entry { sequence, event, hash, says } = line else { return None };
    let mut bytes = from_hex(event).unwrap();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    let says = Event::decode(&bytes).map_or_else(|_| says.clone(), |event| super::export::Says::of(&event));
    Some(Line::Entry { sequence: *sequence, hash: *hash, event: to_hex(&bytes), says })
}

fn hours() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(0u8..4, 0..12), 1..6)
}

proptest! {
    #[test]
    fn every_leaf_is_led_to_the_root_and_nothing_else_is(
        count in 1usize..70, index in 0usize..70, flip in 0usize..32, other in 0usize..70,
    ) {
        let leaves: Vec<_> = (0..count).map(|n| tree::leaf(&n.to_be_bytes())).collect();
        let root = tree::root(&leaves);
        prop_assert_eq!(tree::path(&leaves, index).is_some(), index < count);
        let Some(path) = tree::path(&leaves, index) else { return Ok(()) };
        let (at, all) = (index as u64, count as u64);
        prop_assert!(tree::leads(leaves[index], at, all, &path, root));
        let mut wrong = leaves[index];
        wrong.0[flip] ^= 1;
        prop_assert!(!tree::leads(wrong, at, all, &path, root));
        if other < count && other != index {
            prop_assert!(!tree::leads(leaves[other], at, all, &path, root));
            prop_assert!(!tree::leads(leaves[index], other as u64, all, &path, root));
        }
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(!tree::leads(leaves[index], at, all, &longer, root));
        if let Some((_, shorter)) = path.split_last() {
            prop_assert!(!tree::leads(leaves[index], at, all, shorter, root));
        }
    }

    #[test]
    fn every_event_has_one_encoding(
        name in "\\PC{0,40}", agent in proptest::option::of(".{0,40}"), value: i64, flag: bool, six: [u8; 16], label in "[a-z]{1,9}",
        who in 0u8..5, outcome in 0usize..3, act in 0..Act::ALL.len(),
    ) {
        let user: UserId = number(3);
        let event = Event {
            who: match who {
                0 => Who::person(user, &name),
                1 => Who::token(Uuid::from_u128(7), &name, user),
                2 => Who::system("schedule"),
                3 => Who::command_line(&name),
                _ => Who::stranger(),
            },
            from: Origin::network(IpAddr::from(six), agent.as_deref()),
            act: Act::ALL[act],
            outcome: Outcome::ALL[outcome],
            before: Facts::none(),
            after: Facts::none()
                .with(Field::Count, value)
                .with(Field::Enabled, flag)
                .with(Field::From, Timestamp(value))
                .with(Field::Person, user)
                .with(Field::Digest, Hash([3; 32]))
                .with(Field::Label, &Label::new(label).unwrap())
                .with(Field::State, Fact::from("running")),
            ..event()
        };
        let bytes = event.encode();
        prop_assert_eq!(Event::decode(&bytes), Ok(event));
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_never_read_as_others(bytes: Vec<u8>) {
        if let Ok(event) = Event::decode(&bytes) {
            prop_assert_eq!(event.encode(), bytes);
        }
    }

    #[test]
    fn a_whole_trail_is_right_and_a_damaged_one_never(
        hours in hours(), which: prop::sample::Index, other: prop::sample::Index, bit: usize, how in 0u8..7,
    ) {
        let lines = export(&hours);
        let ours = hours.iter().flatten().filter(|tenant| **tenant == 0).count() as u64;
        let verdict = verify(&lines).unwrap();
        prop_assert_eq!((verdict.last, verdict.unanchored, verdict.newer), (ours, 0, 0));
        // As it goes through a file.
        let text: Vec<_> = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let read: Vec<Line> = text.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&read, &lines);

        let (which, other) = (which.index(lines.len()), other.index(lines.len()));
        let mut damaged = lines.clone();
        match how {
            0 => drop(damaged.remove(which)),
            1 => damaged.swap(which, other),
            2 => damaged.insert(other, lines[which].clone()),
            3 => damaged.truncate(which),
            4 => match forge(&lines[which], bit) {
                Some(line) => damaged[which] = line,
                None => return Ok(()),
            },
            5 => match &mut damaged[which] {
                Line::Head { head, .. } => head.root.0[bit % 32] ^= 1,
                Line::Entry { says, .. } => says.name.push('.'),
                _ => return Ok(()),
            },
            _ => match &mut damaged[which] {
                Line::Head { head, .. } => head.at = head.at.plus_ms(1),
                Line::Entry { hash, .. } => hash.0[bit % 32] ^= 1,
                _ => return Ok(()),
            },
        }
        if damaged != lines {
            prop_assert!(verify(&damaged).is_err(), "{how} at {which}: {damaged:#?}");
        }
    }

    #[test]
    fn a_trail_that_was_rewritten_from_an_entry_on_needs_the_key(hours in hours(), which: prop::sample::Index) {
        let lines = export(&hours);
        let ours: Vec<_> = lines.iter().enumerate().filter(|(_, line)| matches!(line, Line::Entry { .. })).collect();
        if ours.is_empty() {
            return Ok(());
        }
        let from = ours[which.index(ours.len())].0;
        let mut at = Link::start(Chain::Tenant(number(100)));
        let mut forged = lines.clone();
        for (place, line) in forged.iter_mut().enumerate() {
            let Line::Entry { sequence, hash, event, says } = line else { continue };
            let mut told = Event::decode(&from_hex(event).unwrap()).unwrap();
            if place == from {
                told.who = Who::person(number(66), "Somebody else");
            }
            at = at.next(&told.encode());
            (*sequence, *hash, *event, *says) = (at.sequence, at.hash, to_hex(&told.encode()), super::export::Says::of(&told));
        }
        let found = verify(&forged);
        prop_assert!(matches!(found, Err(Damage::Uncovered(_))), "{found:?}");
    }
}

#[test]
fn a_proof_says_nothing_of_the_others() {
    let lines = export(&[vec![0, 1, 2, 3, 3, 1], vec![1, 1, 2], vec![0, 3]]);
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    for tenant in 1..4u128 {
        let id = Uuid::from_u128(100 + tenant);
        assert!(!text.contains(&id.to_string()) && !text.contains(&to_hex(id.as_bytes())));
    }
    // Two heads: the hour in which nothing of ours happened is not there.
    let heads = lines.iter().filter(|line| matches!(line, Line::Head { .. })).count();
    assert_eq!(heads, 2);
    assert!(text.contains(&TenantId::new(Uuid::from_u128(100)).to_string()));
}

#[test]
fn an_entry_of_another_trail_is_found() {
    let ours = Chain::Tenant(number(100));
    let start = Link::start(ours);
    let theirs = Event { chain: Chain::Tenant(number(101)), ..event() };
    let next = start.next(&theirs.encode());
    let begin = Line::begin(number(9), ours, &[7; 32], Timestamp(0), start);
    let lines = [begin, Line::entry(next, &theirs)];
    assert_eq!(verify(&lines), Err(Damage::Foreign(1)));
    let Line::Begin { .. } = &lines[0] else { panic!("begins") };
}
