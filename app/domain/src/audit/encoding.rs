//! The bytes of an event: exactly one way to write each, and nothing else is read.
//!
//! ```text
//! event  = version:u8=1 id:16 chain at:i64 who from act:text outcome:u8 on approval before:facts after:facts
//! chain  = 0x00                                  the installation
//!        | 0x01 tenant:16
//! who    = kind:text id:text name:text behind:maybe
//! from   = address agent
//! address= 0x00 | 0x04 octets:4 | 0x06 octets:16
//! agent  = 0x00 | 0x01 text
//! on     = kind:text id:text
//! approval, maybe = 0x00 | 0x01 id:16
//! outcome= 0x01 done | 0x02 refused | 0x03 failed
//! facts  = count:u16 (field:text fact)*          ascending by field, each once
//! fact   = 0x01 i64 | 0x02 flag:u8 | 0x03 at:i64 | 0x04 id:16 | 0x05 digest:32 | 0x06 word:text | 0x07 name:text
//! text   = length:u16 utf-8
//! ```
//!
//! Integers are big-endian. Acts, kinds and fields are written as words, so that the tables may be put in another order;
//! a word that this program does not know was written by a newer one ([`Unreadable::Newer`]), and the entry can still be
//! proven, only not be shown. A changed encoding gets another version.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use thiserror::Error;
use uuid::Uuid;

use super::{
    act::Act,
    chain::Chain,
    event::{Event, Outcome},
    fact::{Fact, Facts, Field, Name, Word},
    hash::Hash,
    object::{Object, ObjectKind},
    text::Plain,
    who::{Origin, Who, WhoKind},
};
use crate::{Timestamp, UserId, id::Id};

/// The only version there is.
pub const VERSION: u8 = 1;

/// Why bytes are no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A version or word that this program does not know.
    #[error("it was written by a newer version of Holdfast")]
    Newer,
    /// Not written by any version.
    #[error("these bytes are no audit event")]
    Malformed,
}

impl Event {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.push(VERSION);
        out.extend_from_slice(self.id.as_bytes());
        self.chain.write(&mut out);
        out.extend_from_slice(&self.at.0.to_be_bytes());
        text(&mut out, self.who.kind.key());
        text(&mut out, self.who.id.as_str());
        text(&mut out, self.who.name.as_str());
        maybe(&mut out, self.who.behind.map(Id::uuid));
        match self.from.address {
            None => out.push(0),
            Some(IpAddr::V4(address)) => tagged(&mut out, 4, &address.octets()),
            Some(IpAddr::V6(address)) => tagged(&mut out, 6, &address.octets()),
        }
        match &self.from.agent {
            None => out.push(0),
            Some(agent) => {
                out.push(1);
                text(&mut out, agent.as_str());
            }
        }
        text(&mut out, self.act.key());
        out.push(match self.outcome {
            Outcome::Done => 1,
            Outcome::Refused => 2,
            Outcome::Failed => 3,
        });
        text(&mut out, self.on.kind.key());
        text(&mut out, self.on.id.as_str());
        maybe(&mut out, self.approval);
        facts(&mut out, &self.before);
        facts(&mut out, &self.after);
        out
    }

    /// Reads an event; its bytes must be exactly those that [`Event::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader(bytes);
        if from.byte()? != VERSION {
            return Err(Unreadable::Newer);
        }
        let event = Self {
            id: from.uuid()?,
            chain: from.chain()?,
            at: Timestamp(from.number()?),
            who: Who {
                kind: WhoKind::find(from.text()?).ok_or(Unreadable::Newer)?,
                id: from.plain()?,
                name: from.plain()?,
                behind: from.maybe()?.map(UserId::new),
            },
            from: Origin { address: from.address()?, agent: from.agent()? },
            act: Act::find(from.text()?).ok_or(Unreadable::Newer)?,
            outcome: match from.byte()? {
                1 => Outcome::Done,
                2 => Outcome::Refused,
                3 => Outcome::Failed,
                _ => return Err(Unreadable::Malformed),
            },
            on: Object { kind: ObjectKind::find(from.text()?).ok_or(Unreadable::Newer)?, id: from.plain()? },
            approval: from.maybe()?,
            before: from.facts()?,
            after: from.facts()?,
        };
        // What is left over, out of order or said twice is written by nobody.
        if event.encode() == bytes { Ok(event) } else { Err(Unreadable::Malformed) }
    }
}

/// In whose trail an event stands, whatever version's words follow.
pub fn chain_of(bytes: &[u8]) -> Result<Chain, Unreadable> {
    let mut from = Reader(bytes);
    if from.byte()? != VERSION {
        return Err(Unreadable::Newer);
    }
    from.uuid()?;
    from.chain()
}

fn tagged(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    out.extend_from_slice(value);
}

/// Every text is bounded by its type ([`Plain`]) or stands in the program, far below what the length can say.
fn text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}

fn maybe(out: &mut Vec<u8>, id: Option<Uuid>) {
    match id {
        None => out.push(0),
        Some(id) => tagged(out, 1, id.as_bytes()),
    }
}

fn facts(out: &mut Vec<u8>, facts: &Facts) {
    let count = u16::try_from(facts.0.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    for (field, fact) in &facts.0 {
        text(out, field.key());
        match fact {
            Fact::Number(number) => tagged(out, 1, &number.to_be_bytes()),
            Fact::Flag(flag) => tagged(out, 2, &[u8::from(*flag)]),
            Fact::At(at) => tagged(out, 3, &at.0.to_be_bytes()),
            Fact::Id(id) => tagged(out, 4, id.as_bytes()),
            Fact::Digest(hash) => tagged(out, 5, &hash.0),
            Fact::Word(word) => {
                out.push(6);
                text(out, &word.0);
            }
            Fact::Name(name) => {
                out.push(7);
                text(out, name.0.as_str());
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.take(N)?.try_into().map_err(|_| Unreadable::Malformed)
    }
    fn byte(&mut self) -> Result<u8, Unreadable> {
        self.array::<1>().map(|[byte]| byte)
    }
    fn number(&mut self) -> Result<i64, Unreadable> {
        self.array().map(i64::from_be_bytes)
    }
    fn uuid(&mut self) -> Result<Uuid, Unreadable> {
        self.array().map(Uuid::from_bytes)
    }
    fn text(&mut self) -> Result<&'a str, Unreadable> {
        let length = u16::from_be_bytes(self.array()?);
        std::str::from_utf8(self.take(length.into())?).map_err(|_| Unreadable::Malformed)
    }
    fn plain(&mut self) -> Result<Plain, Unreadable> {
        Plain::strict(self.text()?).ok_or(Unreadable::Malformed)
    }
    fn maybe(&mut self) -> Result<Option<Uuid>, Unreadable> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.uuid().map(Some),
            _ => Err(Unreadable::Malformed),
        }
    }
    fn chain(&mut self) -> Result<Chain, Unreadable> {
        Ok(self.maybe()?.map_or(Chain::Platform, |tenant| Chain::Tenant(Id::new(tenant))))
    }
    fn address(&mut self) -> Result<Option<IpAddr>, Unreadable> {
        Ok(match self.byte()? {
            0 => None,
            4 => Some(Ipv4Addr::from(self.array::<4>()?).into()),
            6 => Some(Ipv6Addr::from(self.array::<16>()?).into()),
            _ => return Err(Unreadable::Malformed),
        })
    }
    fn agent(&mut self) -> Result<Option<Plain>, Unreadable> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.plain().map(Some),
            _ => Err(Unreadable::Malformed),
        }
    }
    fn facts(&mut self) -> Result<Facts, Unreadable> {
        let mut facts = Facts::none();
        for _ in 0..u16::from_be_bytes(self.array()?) {
            let field = Field::find(self.text()?).ok_or(Unreadable::Newer)?;
            let fact = match self.byte()? {
                1 => Fact::Number(self.number()?),
                2 => Fact::Flag(self.byte()? == 1),
                3 => Fact::At(Timestamp(self.number()?)),
                4 => Fact::Id(self.uuid()?),
                5 => Fact::Digest(Hash(self.array()?)),
                6 => Fact::Word(Word(Cow::Owned(self.plain()?.as_str().to_owned()))),
                7 => Fact::Name(Name(self.plain()?)),
                _ => return Err(Unreadable::Newer),
            };
            facts = facts.with(field, fact);
        }
        Ok(facts)
    }
}

/// Lower-case hex.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Reads lower-case hex, and nothing else, so that one value has one spelling.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?)).collect()
}
