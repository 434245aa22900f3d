//! Checking an export without the server that wrote it.
//!
//! The verifier takes one line after the other and keeps almost nothing, so a trail of seven years needs no more memory
//! than one interval. It stops at the first line that does not fit and names it. It trusts one thing: the signing key,
//! which whoever runs it compares with the fingerprint that was written down.

use thiserror::Error;

use super::{
    chain::{Chain, Link},
    encoding::{self, Unreadable, from_hex},
    event::Event,
    export::{FORMAT, Line, Says},
    hash::Hash,
    head::{Mark, TreeHead},
    tree,
};
use crate::InstallationId;

/// What is wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Damage {
    /// The file does not begin as an export does.
    #[error("this is no audit export, or one of a newer format")]
    NoExport,
    /// A line stands where it cannot.
    #[error("a line stands where it does not belong")]
    OutOfOrder,
    /// An entry that does not follow the one before it.
    #[error("after entry {after} comes entry {found}: entries are missing, doubled or in another order")]
    Sequence {
        /// The last that was right.
        after: u64,
        /// What came.
        found: u64,
    },
    /// An entry was altered, or one before it.
    #[error("entry {0} is not what was written down: it was altered, or the one before it was replaced")]
    Altered(u64),
    /// An entry of another trail.
    #[error("entry {0} belongs to another trail")]
    Foreign(u64),
    /// An entry whose words are not those of its bytes.
    #[error("entry {0} is shown with other words than were written down")]
    Words(u64),
    /// A head that does not cover the entries before it.
    #[error("head {0} does not cover the entries before it: some were replaced, removed or added")]
    Uncovered(u64),
    /// A head that another key signed, or that was altered.
    #[error("head {0} was altered, or is not signed by this installation's key")]
    Signature(u64),
    /// Heads out of order.
    #[error("head {0} does not follow the one before it")]
    Heads(u64),
    /// Entries are missing at the beginning, and nothing proves that their time was over.
    #[error("entries before {0} are missing, and nothing proves that they were as old as they must be to go")]
    Removed(u64),
    /// The file ends too early.
    #[error("the file is cut off after entry {0}")]
    CutOff(u64),
}

/// What was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// By which installation.
    pub installation: InstallationId,
    /// Whose trail.
    pub chain: Chain,
    /// First entry in the file; nothing if it holds none.
    pub first: Option<u64>,
    /// Last entry in the file.
    pub last: u64,
    /// Heads that were checked.
    pub heads: u64,
    /// Entries at the end that no head covers yet: they are linked, but not anchored.
    pub unanchored: u64,
    /// The last head.
    pub newest: Option<TreeHead>,
    /// Entries whose words this program does not know. Their bytes are proven.
    pub newer: u64,
}

/// Checks a signature under the installation's key.
pub type Signed<'a> = &'a dyn Fn(&[u8], &[u8; 64]) -> bool;

/// Reads an export line by line.
pub struct Verifier<'a> {
    signed: Signed<'a>,
    chain: Chain,
    verdict: Verdict,
    at: Link,
    /// Where the chain stood at the last head.
    marked: Link,
    /// Hashes since the last head.
    new: Vec<Hash>,
    entries: u64,
    ended: bool,
}

impl<'a> Verifier<'a> {
    /// Begins with the first line. `signed` tells whether a signature is the installation's.
    pub fn begin(line: &Line, signed: Signed<'a>) -> Result<Self, Damage> {
        let Line::Begin { format, installation, chain, before, previous, .. } = line else {
            return Err(Damage::NoExport);
        };
        let chain = Chain::find(chain).filter(|_| format == FORMAT).ok_or(Damage::NoExport)?;
        let at = Link { sequence: *before, hash: *previous };
        if at.sequence == 0 && at != Link::start(chain) {
            return Err(Damage::Altered(0));
        }
        let verdict = Verdict {
            installation: *installation,
            chain,
            first: None,
            last: at.sequence,
            heads: 0,
            unanchored: 0,
            newest: None,
            newer: 0,
        };
        Ok(Self { signed, chain, verdict, at, marked: at, new: Vec::new(), entries: 0, ended: false })
    }

    /// The next line.
    pub fn line(&mut self, line: &Line) -> Result<(), Damage> {
        if self.ended {
            return Err(Damage::OutOfOrder);
        }
        match line {
            Line::Begin { .. } => Err(Damage::OutOfOrder),
            Line::Entry { sequence, hash, event, says } => self.entry(*sequence, *hash, event, says),
            Line::Head { head, signature, first, last, index, path } => {
                self.head(head, signature, (*first, *last), *index, path)
            }
            Line::End { entries, heads } => {
                if (*entries, *heads) != (self.entries, self.verdict.heads) {
                    return Err(Damage::CutOff(self.at.sequence));
                }
                self.ended = true;
                Ok(())
            }
        }
    }

    fn entry(&mut self, sequence: u64, hash: Hash, event: &str, says: &Says) -> Result<(), Damage> {
        if sequence != self.at.sequence.saturating_add(1) {
            return Err(Damage::Sequence { after: self.at.sequence, found: sequence });
        }
        let altered = Damage::Altered(sequence);
        let bytes = from_hex(event).ok_or_else(|| altered.clone())?;
        let next = self.at.next(&bytes);
        if next.hash != hash {
            return Err(altered);
        }
        if encoding::chain_of(&bytes).is_ok_and(|chain| chain != self.chain) {
            return Err(Damage::Foreign(sequence));
        }
        match Event::decode(&bytes) {
            Ok(event) if Says::of(&event) != *says => return Err(Damage::Words(sequence)),
            Ok(_) => {}
            Err(Unreadable::Newer) => self.verdict.newer += 1,
            Err(Unreadable::Malformed) => return Err(altered),
        }
        self.verdict.first.get_or_insert(sequence);
        self.at = next;
        self.new.push(hash);
        self.entries += 1;
        Ok(())
    }

    fn head(
        &mut self,
        head: &TreeHead,
        signature: &str,
        (first, last): (u64, u64),
        index: u64,
        path: &[Hash],
    ) -> Result<(), Damage> {
        let number = head.number;
        let signature = from_hex(signature).and_then(|bytes| bytes.try_into().ok());
        let is_signed = signature.is_some_and(|signature: [u8; 64]| (self.signed)(&head.bytes(), &signature));
        if !is_signed || head.installation != self.verdict.installation {
            return Err(Damage::Signature(number));
        }
        if let Some(before) = &self.verdict.newest {
            let follows = number > before.number
                && head.at >= before.at
                && (number != before.number + 1 || head.previous == before.hash());
            if !follows {
                return Err(Damage::Heads(number));
            }
        }
        let mark = Mark::over(self.chain, self.marked, &self.new).ok_or(Damage::Uncovered(number))?;
        let covers = (mark.first, mark.last) == (first, last)
            && tree::leads(mark.leaf(), index, head.leaves, path, head.root);
        if !covers {
            return Err(Damage::Uncovered(number));
        }
        self.marked = self.at;
        self.new.clear();
        self.verdict.heads += 1;
        self.verdict.newest = Some(head.clone());
        Ok(())
    }

    /// The end of the file.
    pub fn finish(mut self) -> Result<Verdict, Damage> {
        if !self.ended {
            return Err(Damage::CutOff(self.at.sequence));
        }
        self.verdict.last = self.at.sequence;
        self.verdict.unanchored = self.new.len() as u64;
        Ok(self.verdict)
    }
}
