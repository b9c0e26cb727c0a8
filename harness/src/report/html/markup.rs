//! HTML and SVG as text. Tags, attribute names and fixed pieces are literals of this program; whatever else enters goes
//! through [`escaped`], so that nothing an integration says can become mark-up.

/// Mark-up under construction.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Markup {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escaped(text));
        self
    }

    /// A piece of this program's own.
    pub(super) fn fixed(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.open(tag, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// An element that holds nothing.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.open(tag, attributes);
        self.0.push_str("/>");
        self
    }

    /// An element that holds text.
    pub(super) fn say(&mut self, tag: &'static str, text: &str) -> &mut Self {
        self.element(tag, &[], |inside| {
            inside.text(text);
        })
    }

    /// An element of a class that holds text.
    pub(super) fn say_as(&mut self, tag: &'static str, class: &'static str, text: &str) -> &mut Self {
        self.element(tag, &[("class", class)], |inside| {
            inside.text(text);
        })
    }

    /// A link to a place on this page.
    pub(super) fn link(&mut self, place: &str, text: &str) -> &mut Self {
        self.element("a", &[("href", &format!("#{place}"))], |inside| {
            inside.text(text);
        })
    }

    /// A term and what is said of it, inside a `dl`.
    pub(super) fn term(&mut self, term: &str, said: &str) -> &mut Self {
        self.say("dt", term).say("dd", said)
    }

    /// A table with a caption, in a frame that scrolls by itself where the screen is narrow.
    pub(super) fn table(&mut self, caption: &str, columns: &[&str], rows: impl FnOnce(&mut Self)) -> &mut Self {
        self.element(
            "div",
            &[("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-label", caption)],
            |wide| {
                wide.element("table", &[], |table| {
                    table.say("caption", caption).element("thead", &[], |head| {
                        head.element("tr", &[], |row| {
                            for column in columns {
                                row.element("th", &[("scope", "col")], |cell| {
                                    cell.text(column);
                                });
                            }
                        });
                    });
                    table.element("tbody", &[], rows);
                });
            },
        )
    }

    /// A table's row: its head, then its cells.
    pub(super) fn row(&mut self, head: &str, cells: &[&str]) -> &mut Self {
        self.element("tr", &[], |row| {
            row.element("th", &[("scope", "row")], |cell| {
                cell.text(head);
            });
            for cell in cells {
                row.say("td", cell);
            }
        })
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.0.push_str(&escaped(value));
            self.0.push('"');
        }
    }
}

/// The one escaping, for text and for attributes in double quotes. Control characters and those that turn the direction
/// of writing are made visible: they would show another text than the one that was seen.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            letter if letter.is_control() || is_unseen(letter) => {
                escaped.push_str(&format!("\\u{{{:x}}}", u32::from(letter)));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Marks of direction, joiners and other letters without a shape.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A word that names a place on the page.
pub(super) fn place(kind: &str, name: &str) -> String {
    let name: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' }).collect();
    format!("{kind}-{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_seen_becomes_mark_up() {
        let evil = "<script>alert('x' & \"y\")</script>\u{202e}\u{1b}[31m";
        let safe = "&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;\\u{202e}\\u{1b}[31m";
        assert_eq!(escaped(evil), safe);
        let mut markup = Markup::default();
        markup.element("p", &[("title", evil)], |inside| {
            inside.text(evil);
        });
        assert_eq!(markup.finish(), format!("<p title=\"{safe}\">{safe}</p>"));
        assert_eq!(place("s", "inbound/tls-1.1 \"x\""), "s-inbound-tls-1.1--x-");
    }
}
