//! Sentences for the long text columns of both applications.

use super::fill;
use crate::rng::Rng;

/// Descriptions of controls, risks, findings and the like.
pub const GRC: &[&str] = &[
    "The owner in {unit} performs this {often} and keeps the {proof} for {number} months.",
    "{threat} the {asset} could lead to {effect} and {effect}.",
    "The likely cause is {cause}; a second one is {cause}.",
    "Required by {framework} {clause} and referred to in the {policy} Policy.",
    "{step} the {asset}: {outcome}.",
    "Exceptions are approved by the {job} and expire after {number} days.",
    "In {period} {year} the review covered {number} items of {thing}; {outcome}.",
    "{given} {family} ({unit}) agreed to {cause} as root cause and will report in {period} {year}.",
    "“{thing}” are in scope only where the {asset} holds personal data — see {framework} {clause}.",
    "Evidence: {proof} no. {hex}, collected {often}.",
];

/// Descriptions of vendors, contracts and assessments.
pub const TPRM: &[&str] = &[
    "{company} {trade} {legal} provides {service} for {unit} from {city}.",
    "The vendor's answer on {area} was supported by a {proof}; {outcome}.",
    "The parties agree on {term} as set out in the {contract}, clause {number}.{digit}.",
    "Without {service}, {unit} could operate for {number} hours.",
    "Residual risk: {effect} through {cause}.",
    "The supplier shall notify {unit} within {number} hours of any event concerning {thing}.",
    "Liability is limited to {number}% of the annual fees, except for {effect}.",
    "Certified against {framework} until {period} {year}; certificate {hex} on file.",
    "{given} {family}, {job}, is the contact for questions about {area}.",
    "Subprocessors in {city} and {city} are used for {service}.",
];

/// Remarks people leave.
pub const REMARK: &[&str] = &[
    "Looks good to me 👍",
    "Please attach the {proof}.",
    "{given}, can you check the {asset} again? The last run was {often}, not as agreed.",
    "Waiting for {company}'s answer since {period}.",
    "Not applicable: we have no {thing} here.",
    "Done ✅ — {outcome}.",
    "Escalated to {given} {family} 🚨, due in {number} days.",
    "C:\\Shares\\{unit}\\{year}\\{hex}.xlsx holds the details.",
    "See https://wiki.example.org/{hex} — \"{policy}\".",
];

/// So many sentences, in one paragraph or several.
pub fn prose(templates: &'static [&'static str], sentences: i64, rng: &mut Rng) -> String {
    let mut out = String::new();
    for sentence in 0..sentences {
        if sentence > 0 {
            out.push_str(if sentence % 4 == 0 { "\n\n" } else { " " });
        }
        out.push_str(&fill(rng.pick(templates), rng));
    }
    out
}
