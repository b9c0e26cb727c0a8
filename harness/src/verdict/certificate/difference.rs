//! Where two names part, told so that it can be mended: case and space are hard to see, and so is a backslash that was
//! meant for a shell.

/// How `seen` differs from `wanted`, with the first byte that does, counted from 1. Empty where they are one.
pub(super) fn difference(wanted: &str, seen: &str) -> String {
    if wanted == seen {
        return String::new();
    }
    let (wanted_bytes, seen_bytes) = (wanted.as_bytes(), seen.as_bytes());
    let at = wanted_bytes.iter().zip(seen_bytes).take_while(|(one, other)| one == other).count();
    let place = match (seen_bytes.get(at), wanted_bytes.get(at)) {
        (Some(is), Some(expected)) => format!("byte {} is {}, expected {}", at + 1, byte(*is), byte(*expected)),
        (Some(is), None) => format!("byte {} is {}, expected the end", at + 1, byte(*is)),
        (None, _) => format!("it ends after byte {at}, expected {} bytes", wanted_bytes.len()),
    };
    match kind(wanted, seen) {
        Some(kind) => format!("{place}: {kind}"),
        None => place,
    }
}

/// A difference that has a name.
fn kind(wanted: &str, seen: &str) -> Option<&'static str> {
    if seen.replace('\\', "") == wanted {
        return Some("a literal backslash");
    }
    if seen.to_lowercase() == wanted.to_lowercase() {
        return Some("upper and lower case");
    }
    if seen.trim() == wanted {
        return Some("space around the name");
    }
    let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    (bare(seen) == bare(wanted)).then_some("space within the name")
}

fn byte(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("`{}` (0x{byte:02x})", char::from(byte)) } else { format!("0x{byte:02x}") }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_byte_that_differs_is_told_with_its_kind() {
        for (wanted, seen, text) in [
            ("acme", "acme", ""),
            ("acme", "aCme", "byte 2 is `C` (0x43), expected `c` (0x63): upper and lower case"),
            ("acme", "acme ", "byte 5 is 0x20, expected the end: space around the name"),
            ("acme", " acme", "byte 1 is 0x20, expected `a` (0x61): space around the name"),
            ("acme shop", "acmeshop", "byte 5 is `s` (0x73), expected 0x20: space within the name"),
            ("a/b", r"a\/b", r"byte 2 is `\` (0x5c), expected `/` (0x2f): a literal backslash"),
            ("acme", "ac", "it ends after byte 2, expected 4 bytes"),
            ("acmé", "acme", "byte 4 is `e` (0x65), expected 0xc3"),
            ("acme", "", "it ends after byte 0, expected 4 bytes"),
        ] {
            assert_eq!(difference(wanted, seen), text, "{wanted:?} and {seen:?}");
        }
    }
}
