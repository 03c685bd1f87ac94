//! The table.

/// One line: what was measured, what it is beside something else, the aim, and whether it is met.
#[derive(Debug)]
pub(crate) struct Line {
    what: String,
    ours: String,
    beside: String,
    aim: Option<(String, bool)>,
}

/// The lines, and what is to be said about them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    remarks: Vec<String>,
}

impl Report {
    pub(crate) fn line(&mut self, what: &str, ours: String, beside: String) {
        self.lines.push(Line { what: what.to_owned(), ours, beside, aim: None });
    }

    pub(crate) fn aimed(&mut self, what: &str, ours: String, beside: String, aim: &str, holds: bool) {
        self.lines.push(Line { what: what.to_owned(), ours, beside, aim: Some((aim.to_owned(), holds)) });
    }

    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    pub(crate) fn print(&self) {
        println!("\n{:<44} {:>16}   {:<38} {:<18} holds", "", "Tillandsia", "beside", "aim");
        for line in &self.lines {
            let (aim, holds) = match &line.aim {
                Some((aim, true)) => (aim.as_str(), "yes"),
                Some((aim, false)) => (aim.as_str(), "NO"),
                None => ("", ""),
            };
            println!("{:<44} {:>16}   {:<38} {:<18} {}", line.what, line.ours, line.beside, aim, holds);
        }
        println!();
        for remark in &self.remarks {
            println!("- {remark}");
        }
    }
}
