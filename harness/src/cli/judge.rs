//! `judge`: judges recorded logs again, from the logs alone.

use std::fs::File;
use std::io::BufReader;

use mock_thales::observe::Log;

use super::options::JudgeWords;
use super::{Exit, Refused, say};
use crate::model::{Header, LOG_FORMAT, Level};
use crate::verdict::{self, Verdict};

pub(super) fn judge(words: &JudgeWords) -> Result<Exit, Refused> {
    let mut faults = Vec::new();
    let mut logs: Vec<Log<Header>> = Vec::new();
    for path in &words.logs {
        let log = File::open(path)
            .map_err(|error| error.to_string())
            .and_then(|file| Log::<Header>::read(BufReader::new(file)).map_err(|error| error.to_string()))
            .and_then(|log| {
                if log.header.format == LOG_FORMAT {
                    Ok(log)
                } else {
                    Err(format!("the log's format is `{}`, expected `{LOG_FORMAT}`", log.header.format))
                }
            });
        match log {
            Ok(log) => logs.push(log),
            Err(error) => faults.push(format!("{}: {error}", path.display())),
        }
    }
    if !faults.is_empty() {
        return Err(Refused::Words(faults.join("\n       ")));
    }
    let mut text = String::new();
    let mut exit = Exit::Ready;
    for log in &logs {
        let findings = verdict::judge(&log.header, &log.facts);
        let planned = !log.header.script.expectations.is_empty();
        let verdict = verdict::scenario_verdict(&findings, planned).verdict;
        text.push_str(&format!("{verdict:<14} {} ({})\n", log.header.script.scenario, log.header.script.subject));
        for finding in &findings {
            let ruling = format!("{:?}", finding.ruling).to_lowercase();
            text.push_str(&format!("  {ruling:<12} {} [{}] {}\n", finding.requirement, finding.phase, finding.seen));
        }
        let failed =
            findings.iter().any(|finding| finding.level == Level::Must && finding.ruling == verdict::Outcome::Violated);
        if failed || verdict == Verdict::Fail {
            exit = Exit::NotReady;
        } else if verdict == Verdict::Inconclusive && exit == Exit::Ready {
            exit = Exit::Incomplete;
        }
    }
    say(&text);
    Ok(exit)
}
