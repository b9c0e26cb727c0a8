//! `init`: writes the integration file that a new user begins with, by flags or by asking on a terminal. What stands in
//! it is told by `starting_file`; the loader judges it before it is written.

use std::fs::File;
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stderr, stdin};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::stack::StackWord;
use super::starting_file::{RoleWord, text};
use super::{Exit, Refused, library, profile_of};
use crate::load::{Library, parse_integration};

#[derive(Debug, Args)]
pub(super) struct InitWords {
    /// What the integration does; asked for on a terminal, if absent
    #[arg(long, value_enum)]
    role: Option<RoleWord>,
    /// What it is built on; asked for on a terminal, if absent
    #[arg(long, value_enum)]
    stack: Option<StackWord>,
    /// The product; asked for on a terminal, if absent
    #[arg(long)]
    profile: Option<String>,
    /// The file to write; an existing one is left alone
    #[arg(long, value_name = "FILE", default_value = "integration.toml")]
    out: PathBuf,
    /// Profiles of this directory, in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

pub(super) fn init(words: &InitWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let mut asker = Asker { answers: stdin().lock(), screen: stderr(), is_terminal: stdin().is_terminal() };
    // Whoever would lose a file is told before any question.
    if words.out.exists() {
        return Err(exists(&words.out));
    }
    let role = match words.role {
        Some(role) => role,
        None => asker.word("role", "Does your integration call Thales, is it called by Thales, or both?")?,
    };
    let stack = match words.stack {
        Some(stack) => stack,
        None => asker.word("stack", "What is it built on?")?,
    };
    let id = match &words.profile {
        Some(id) => id.clone(),
        None => {
            let known: Vec<_> = library.profiles.keys().map(|id| (id.clone(), id.clone())).collect();
            asker.ask("profile", "Which product does it integrate with?", known)?
        }
    };
    let profile = profile_of(&id, &library)?;
    write(&words.out, &text(role, stack, profile), &library)?;
    let path = words.out.display();
    let _ = writeln!(
        stderr(),
        "wrote {path}: fill in what it names, then thales-harness run --integration {path}\n{}",
        stack.parts().example
    );
    Ok(Exit::Ready)
}

/// Writes a new file, of which the loader has nothing to complain.
fn write(path: &Path, text: &str, library: &Library) -> Result<(), Refused> {
    parse_integration(path, text.to_owned(), library)?;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Refused::Words(format!("{}: cannot be written: {error}", path.display())),
    };
    File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

fn exists(path: &Path) -> Refused {
    Refused::Words(format!("{} exists, and is left as it is; --out names another file", path.display()))
}

/// Asks for what the flags did not say.
struct Asker<R, W> {
    answers: R,
    screen: W,
    is_terminal: bool,
}

impl<R: BufRead, W: Write> Asker<R, W> {
    /// One of the words of a flag.
    fn word<T: ValueEnum + Clone>(&mut self, flag: &str, question: &str) -> Result<T, Refused> {
        let known = T::value_variants().iter().filter_map(|value| {
            let word = value.to_possible_value()?;
            Some((word.get_name().to_owned(), value.clone()))
        });
        self.ask(flag, question, known.collect())
    }

    /// One of some words, by itself or by its number; asked again until it is one.
    fn ask<T>(&mut self, flag: &str, question: &str, mut known: Vec<(String, T)>) -> Result<T, Refused> {
        let words: Vec<_> = known.iter().map(|(word, _)| word.as_str()).collect();
        let missing = format!("--{flag} is missing, expected {}", words.join(", "));
        if !self.is_terminal {
            return Err(Refused::Words(format!("{missing}; no terminal is there to ask on")));
        }
        let choices: Vec<_> = words.iter().enumerate().map(|(index, word)| format!("{} {word}", index + 1)).collect();
        let choices = choices.join(" · ");
        loop {
            let _ = write!(self.screen, "{question}\n  {choices}\n> ");
            let _ = self.screen.flush();
            let mut answer = String::new();
            match self.answers.read_line(&mut answer) {
                Ok(0) | Err(_) => return Err(Refused::Words(missing)),
                Ok(_) => {}
            }
            let answer = answer.trim();
            let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let named = known.iter().position(|(word, _)| word.eq_ignore_ascii_case(answer));
            if let Some(index) = named.or(number).filter(|index| *index < known.len()) {
                return Ok(known.swap_remove(index).1);
            }
            let _ = writeln!(self.screen, "`{answer}` is none of them.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(answers: &str, is_terminal: bool) -> (Result<RoleWord, String>, String) {
        let mut asker = Asker { answers: answers.as_bytes(), screen: Vec::new(), is_terminal };
        let found = asker.word("role", "Which?").map_err(|refused| refused.to_string());
        (found, String::from_utf8(asker.screen).unwrap())
    }

    #[test]
    fn a_word_or_its_number_is_an_answer() {
        assert_eq!(asks("receiver\n", true).0, Ok(RoleWord::Receiver));
        assert_eq!(asks(" 3 \n", true).0, Ok(RoleWord::Both));
        assert_eq!(asks("CALLER", true).0, Ok(RoleWord::Caller));
    }

    #[test]
    fn anything_else_is_asked_again() {
        let (found, screen) = asks("server\n0\n4\n\n2\n", true);
        assert_eq!(found, Ok(RoleWord::Receiver));
        assert_eq!(screen.matches("Which?\n  1 caller · 2 receiver · 3 both\n> ").count(), 5);
        assert!(screen.contains("`server` is none of them."), "{screen}");
    }

    #[test]
    fn nobody_is_asked_without_a_terminal_or_beyond_the_end() {
        let (refused, screen) = asks("caller\n", false);
        let missing = "error: --role is missing, expected caller, receiver, both";
        assert_eq!(refused, Err(format!("{missing}; no terminal is there to ask on")));
        assert_eq!(screen, "");
        assert_eq!(asks("", true).0, Err(missing.to_owned()));
    }

    #[test]
    fn every_starting_file_loads() {
        let library = Library::built_in().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut written = 0;
        for (profile, _) in library.profiles.values() {
            for role in RoleWord::value_variants() {
                for stack in StackWord::value_variants() {
                    let path = directory.path().join(format!("{}-{role:?}-{stack:?}.toml", profile.id));
                    let text = text(*role, *stack, profile);
                    if let Err(refused) = write(&path, &text, &library) {
                        panic!("{refused}\n{text}");
                    }
                    let loaded = crate::load::load_integration(&path, &library).unwrap();
                    let sides = (!loaded.callers.is_empty(), !loaded.receivers.is_empty());
                    let expected = (*role != RoleWord::Receiver, *role != RoleWord::Caller);
                    assert_eq!(sides, expected, "{}", path.display());
                    // What is commented out has to load as well, once it is no comment any more.
                    let filled = uncommented(&text);
                    assert_ne!(filled, text);
                    if let Err(faults) = parse_integration(&path, filled.clone(), &library) {
                        panic!("{faults}\n{filled}");
                    }
                    written += 1;
                }
            }
        }
        assert_eq!(written, 3 * 3 * 10);
    }

    /// The text with its commented keys in force, which begin without a space behind the sign.
    fn uncommented(text: &str) -> String {
        text.lines()
            .map(|line| line.strip_prefix('#').filter(|rest| is_key(rest)).unwrap_or(line).to_owned() + "\n")
            .collect()
    }

    fn is_key(rest: &str) -> bool {
        rest.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '"' || letter == '[')
    }

    #[test]
    fn an_existing_file_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("integration.toml");
        std::fs::write(&path, "mine").unwrap();
        let library = Library::built_in().unwrap();
        let (profile, _) = &library.profiles["classic-tokenization"];
        let refused = write(&path, &text(RoleWord::Both, StackWord::Curl, profile), &library).unwrap_err();
        assert!(refused.to_string().contains("exists, and is left as it is"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
