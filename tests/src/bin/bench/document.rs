//! Puts the tables of a run between the marks of a document and leaves the rest as it is.

use std::path::Path;

use crate::failure::Failure;

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// Replaces what stands between the marks.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let old = std::fs::read_to_string(path).map_err(|error| Failure::Io("read the document", error))?;
    let new = between(&old, text).ok_or_else(|| Failure::NoMarks(path.to_owned()))?;
    std::fs::write(path, new).map_err(|error| Failure::Io("write the document", error))
}

fn between(old: &str, text: &str) -> Option<String> {
    let (head, rest) = old.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n{text}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let old = format!("before\n{BEGIN}old\n{END}\nafter\n");
        let new = between(&old, "new").expect("it has both marks");
        assert_eq!(new, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert_eq!(between(&new, "new").as_deref(), Some(new.as_str()), "a second time changes nothing");
        assert_eq!(between("no marks", "new"), None);
    }
}
