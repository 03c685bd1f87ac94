//! The table. A line is printed as soon as it is known: the later stages take minutes.

/// What is to be said about the lines, below them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    remarks: Vec<String>,
}

impl Report {
    /// Prints the head of the table.
    pub(crate) fn start() -> Self {
        row("", "Tillandsia", "beside", "aim", "holds");
        Report::default()
    }

    /// What was measured, and what it is beside something else.
    pub(crate) fn line(&self, what: &str, ours: &str, beside: &str) {
        row(what, ours, beside, "", "");
    }

    /// The same, with an aim and whether it is met.
    pub(crate) fn aimed(&self, what: &str, ours: &str, beside: &str, aim: &str, holds: bool) {
        row(what, ours, beside, aim, if holds { "yes" } else { "NO" });
    }

    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    /// Prints the remarks.
    pub(crate) fn end(&self) {
        println!();
        for remark in &self.remarks {
            println!("- {remark}");
        }
    }
}

fn row(what: &str, ours: &str, beside: &str, aim: &str, holds: &str) {
    println!("{what:<44} {ours:>10}   {beside:<34} {aim:<16} {holds}");
}
