//! What is wrong with a file, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::DeserializeOwned;

/// A file with its text, for diagnostics that point into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path as the user knows it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

impl Place {
    /// Parses the text as TOML.
    ///
    /// # Errors
    /// One diagnostic: the parser stops at the first fault of a file.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        toml::from_str(&self.text).map_err(|error| self.fault(error.span(), error.message()))
    }

    /// A diagnostic at a span of the text.
    pub fn fault(&self, span: Option<Range<usize>>, message: &str) -> Diagnostic {
        Diagnostic {
            path: self.path.clone(),
            at: span.map(|span| (self.text.clone(), span)),
            message: message.to_owned(),
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    path: PathBuf,
    at: Option<(String, Range<usize>)>,
    message: String,
}

impl Diagnostic {
    /// A fault of a file as a whole.
    pub fn file(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { path: path.into(), at: None, message: message.into() }
    }

    /// Line and column, from 1, where the fault has a place.
    pub fn position(&self) -> Option<(usize, usize)> {
        let (text, span) = self.at.as_ref()?;
        let before = text.get(..span.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        Some((line, column))
    }

    /// What is wrong and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        let Some((text, span)) = &self.at else {
            return write!(f, "error: {path}: {}", self.message);
        };
        // The snippet's renderer wants a span within the text; an error at the very end has an empty one behind it.
        let start = span.start.min(text.len());
        let end = span.end.clamp(start, text.len());
        let mut lines = self.message.trim_end().splitn(2, '\n');
        let title = lines.next().unwrap_or_default();
        let snippet = Snippet::source(text.as_str())
            .path(path)
            .annotation(AnnotationKind::Primary.span(start..end).label(lines.next().unwrap_or_default().trim()));
        let report = [Level::ERROR.primary_title(title).element(snippet)];
        f.write_str(&Renderer::plain().render(&report))
    }
}

/// All faults of all files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a fault.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Keeps a value, or notes why there is none.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// `Ok` where there is no fault.
    ///
    /// # Errors
    /// The faults.
    pub fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}")?;
        }
        let count = self.0.len();
        write!(f, "{count} fault{} found", if count == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}
