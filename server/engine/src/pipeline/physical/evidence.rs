//! What a verification of files proves, in the words of the catalog, and no more than it does.

use domain::backups::{Evidence, FloatColumn, ObjectDifference, Proof, TableEvidence};

use super::{content::PhysicalContent, verify::Compared};
use crate::{pipeline::phases::Phases, source};

pub(super) fn evidence(
    content: &PhysicalContent,
    databases: &[Compared],
    server: String,
    extra: &[String],
    phases: Phases,
) -> Evidence {
    let (mut tables, mut differences, mut objects, mut alone) = (Vec::new(), Vec::new(), 0, 0usize);
    let difference = |kind: &str, name: String, difference: &str| ObjectDifference {
        kind: kind.into(),
        name,
        difference: difference.into(),
    };
    let lost = content
        .databases
        .iter()
        .filter(|known| databases.iter().all(|here| here.name != known.name.as_str()));
    differences.extend(lost.map(|known| difference("database", known.name.to_string(), "missing")));
    differences.extend(extra.iter().map(|name| difference("database", name.clone(), "extra")));
    for Compared { name, comparison, damaged } in databases {
        let full = |table: &str| format!("{name}.{table}");
        for table in &comparison.tables {
            let known = table.rows_source.is_some();
            let restored = table.rows_target.unwrap_or(0);
            // Without sums a table is compared in its definition, and counted here only.
            let is_there = table.rows_target.is_some() && table.definition_equal;
            let equal = is_there && (table.equal || !known);
            alone += usize::from(!known && table.rows_target.is_some());
            if table.rows_target.is_none() {
                differences.push(difference("table", full(&table.table), "missing"));
            } else if !table.definition_equal {
                differences.push(difference("table definition", full(&table.table), "different"));
            }
            tables.push(TableEvidence {
                table: full(&table.table),
                rows_source: table.rows_source.unwrap_or(restored),
                rows_restored: restored,
                equal: equal && damaged.iter().all(|(name, _)| *name != table.table),
                floats: table
                    .float_columns
                    .iter()
                    .map(|float| FloatColumn {
                        column: float.column.clone(),
                        equal_to_six_digits: float.equal_to_six_digits,
                        bit_exact: float.bit_exact,
                    })
                    .collect(),
            });
        }
        differences.extend(damaged.iter().map(|(table, how)| difference("table", full(table), how)));
        for (names, what) in [
            (&comparison.objects.missing, "missing"),
            (&comparison.objects.extra, "extra"),
            (&comparison.objects.different, "different"),
        ] {
            differences.extend(names.iter().map(|object| {
                let (kind, object) = object.split_once(' ').unwrap_or(("object", object));
                difference(&kind.to_lowercase(), full(object), what)
            }));
        }
        if !comparison.sequences_equal {
            differences.push(difference("sequences", name.clone(), "different"));
        }
        objects += comparison.objects.source;
    }
    let mut remarks = vec![
        "a private server started on the copy and found every page of every table whole (CHECK TABLE … EXTENDED)"
            .to_owned(),
    ];
    remarks.extend(content.notes.iter().cloned());
    if alone > 0 {
        remarks.push(format!(
            "{alone} of {} tables were counted in the copy only: definitions are compared, rows with nothing of the source",
            tables.len()
        ));
    }
    // FLOAT columns come back bit for bit, or something is wrong.
    let floats = tables.iter().all(|table| table.floats.iter().all(|float| float.bit_exact));
    let equal = tables.iter().all(|table| table.equal) && differences.is_empty() && floats;
    Evidence {
        proof: match content.proof {
            source::Proof::SamePosition => Proof::SamePosition,
            source::Proof::DumpRows => Proof::DumpRows,
        },
        equal,
        tables,
        objects: u32::try_from(objects).unwrap_or(u32::MAX),
        differences,
        server,
        phases: phases.finish().into_iter().map(|phase| (phase.name, phase.took_ms)).collect(),
        remarks,
    }
}
