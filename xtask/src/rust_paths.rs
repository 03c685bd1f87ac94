//! The paths that a Rust source names: in `use` trees and in its code. Comments and texts are left out.
//!
//! Not a parser: it reads words and `::`, which is enough to see what a layer talks about.

/// A path as it is written out in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    segments: Vec<String>,
    /// From a `use`: its last name may be gone on from elsewhere in the file.
    imported: bool,
}

impl NamedPath {
    /// It is `forbidden`, goes on from it, or imports a module through which it can be reached (`use std::time;`,
    /// `use std::time::*;`).
    pub(crate) fn reaches(&self, forbidden: &str) -> bool {
        let forbidden: Vec<&str> = forbidden.split("::").collect();
        let agree = self.segments.iter().zip(&forbidden).take_while(|(a, b)| a == *b).count();
        let is_or_goes_on = agree == forbidden.len();
        let opens_the_way = self.imported && agree >= 2 && agree + 1 == forbidden.len() && {
            agree == self.segments.len() || self.segments.get(agree).is_some_and(|name| name == "*")
        };
        is_or_goes_on || opens_the_way
    }
}

/// Every path in the source.
pub(crate) fn paths(source: &str) -> Vec<NamedPath> {
    let words = words(source);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "use" {
            at += 1;
            use_tree(&words, &mut at, &[], &mut found);
        } else if is_name(word) {
            let mut segments = vec![word.clone()];
            at += 1;
            while words.get(at).is_some_and(|word| word == "::")
                && words.get(at + 1).is_some_and(|word| is_name(word))
            {
                segments.extend(words.get(at + 1).cloned());
                at += 2;
            }
            // A word by itself is a variable or a crate's name before a macro: only a path talks of a module.
            if segments.len() > 1 {
                found.push(NamedPath { segments, imported: false });
            }
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one branch of a `use` tree and those below it.
fn use_tree(words: &[String], at: &mut usize, prefix: &[String], found: &mut Vec<NamedPath>) {
    let mut path = prefix.to_vec();
    while let Some(word) = words.get(*at) {
        *at += 1;
        match word.as_str() {
            "::" => {}
            "{" => {
                while words.get(*at).is_some_and(|word| word != "}") {
                    use_tree(words, at, &path, found);
                    if words.get(*at).is_some_and(|word| word == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "self" if !path.is_empty() => {}
            "as" => *at += 1,
            word if is_name(word) || word == "*" => path.push(word.to_owned()),
            _ => {
                // `,`, `}` or `;` end the branch and belong to the caller.
                *at -= 1;
                break;
            }
        }
    }
    if path.len() > prefix.len() || !prefix.is_empty() {
        found.push(NamedPath { segments: path, imported: true });
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single signs; without comments, texts, characters and lifetimes.
fn words(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let get = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut words = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = get(i);
        i = if c == '/' && get(i + 1) == '/' {
            skip_line(&chars, i)
        } else if c == '/' && get(i + 1) == '*' {
            skip_comment(&chars, i)
        } else if c == '"' {
            skip_text(&chars, i)
        } else if let Some(end) = raw_text_end(&chars, i) {
            end
        } else if c == '\'' {
            skip_character_or_lifetime(&chars, i)
        } else if c.is_alphanumeric() || c == '_' {
            let end = (i..chars.len())
                .find(|&j| !(get(j).is_alphanumeric() || get(j) == '_'))
                .unwrap_or(chars.len());
            words.push(chars.get(i..end).unwrap_or_default().iter().collect());
            end
        } else if c == ':' && get(i + 1) == ':' {
            words.push("::".into());
            i + 2
        } else {
            if !c.is_whitespace() {
                words.push(c.to_string());
            }
            i + 1
        };
    }
    words
}

fn skip_line(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|&i| chars.get(i) == Some(&'\n')).unwrap_or(chars.len())
}

fn skip_comment(chars: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut i = from;
    while i < chars.len() {
        match (chars.get(i), chars.get(i + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                i += 2;
            }
            (Some('*'), Some('/')) => {
                depth = depth.saturating_sub(1);
                i += 2;
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    i
}

fn skip_text(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while let Some(c) = chars.get(i) {
        match c {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    i
}

/// `r"…"`, `r#"…"#`, also after `b`; not the beginning of a name such as `ring`.
fn raw_text_end(chars: &[char], from: usize) -> Option<usize> {
    let start = match (chars.get(from)?, chars.get(from + 1)?) {
        ('b', 'r') => from + 2,
        ('r', _) => from + 1,
        _ => return None,
    };
    let hashes = chars.iter().skip(start).take_while(|c| **c == '#').count();
    if chars.get(start + hashes) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| {
        chars.get(i) == Some(&'"') && chars.iter().skip(i + 1).take_while(|c| **c == '#').count() >= hashes
    };
    let quote = (start + hashes + 1..chars.len()).find(|&i| closes(i));
    Some(quote.map_or(chars.len(), |quote| quote + 1 + hashes))
}

fn skip_character_or_lifetime(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => {
            let end = (from + 3..chars.len()).find(|&i| chars.get(i) == Some(&'\''));
            end.map_or(chars.len(), |end| end + 1)
        }
        (_, Some('\'')) => from + 3,
        _ => from + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<String> {
        paths(source).iter().map(|path| path.segments.join("::")).collect()
    }

    fn reaches(source: &str, forbidden: &str) -> bool {
        paths(source).iter().any(|path| path.reaches(forbidden))
    }

    #[test]
    fn use_trees_are_written_out() {
        assert_eq!(
            named("pub(crate) use std::{fmt::{self, Display as D}, time::*};\nuse leptos;\nfn f() {}"),
            ["std::fmt", "std::fmt::Display", "std::time::*", "leptos"]
        );
        assert_eq!(named("use ::web_sys::Window;"), ["web_sys::Window"]);
        assert_eq!(named("use {a::b, c::{d, e,},};"), ["a::b", "c::d", "c::e"]);
    }

    #[test]
    fn paths_in_code_are_seen_and_texts_and_comments_are_not() {
        let source = r##"
            // js_sys::Date
            /* web_sys::a /* nested::b */ c::d */
            fn f<'a>(x: &'a str) -> char {
                let text = "rand::random \" tokio::spawn";
                let raw = r#"sqlx::query " x"#;
                let quote = '"'; let escaped = '\'';
                std::time::Instant::now()
            }
        "##;
        assert_eq!(named(source), ["std::time::Instant::now"]);
    }

    #[test]
    fn a_way_round_by_the_module_is_seen() {
        assert!(reaches("use std::time;", "std::time::Instant"));
        assert!(reaches("use std::time::*;", "std::time::Instant"));
        assert!(reaches("use std::time::{self, Duration};", "std::time::Instant"));
        assert!(reaches("fn f() { let _ = std::time::Instant::now(); }", "std::time::Instant"));
        assert!(!reaches("use std::time::Duration;", "std::time::Instant"));
        assert!(!reaches("fn f(d: std::time::Duration) {}", "std::time::Instant"));
        assert!(!reaches("use random::x;", "rand"));
        assert!(!reaches("use crate::rand::x;", "rand"));
    }
}
