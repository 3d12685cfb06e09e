//! `opentrace recommend`: the next items for people, learned from what others had.
//!
//! Reads pairs `user,item` to learn from, and pairs of the users to recommend to; writes
//! `user,rank,item,score`, best first, without items that the user has in either file.

use std::collections::HashMap;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

use csv::{ReaderBuilder, Trim, WriterBuilder};
use opentrace_models::recommend::Recommender;

use super::{CliError, files};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Pairs `user,item` to learn from, with or without a header
    #[arg(long, value_name = "FILE")]
    train: PathBuf,
    /// Pairs `user,item` of those to recommend to: what each of them has
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// How many items for each user
    #[arg(long, default_value_t = 10)]
    k: usize,
    /// Where to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Recommends to every user of the input. A file appears only when it is complete.
pub fn run(args: &Args) -> Result<(), CliError> {
    let train = pairs(files::open(&args.train)?)?;
    let input = pairs(files::open(&args.input)?)?;
    files::write(args.output.as_deref(), |output| recommend(&train, &input, args.k, output))
}

/// Names in order of appearance.
#[derive(Debug, Default)]
struct Names {
    places: HashMap<String, usize>,
    names: Vec<String>,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }
}

fn pairs(input: impl Read) -> Result<Vec<(String, String)>, CliError> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let mut pairs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|source| CliError::because("cannot read the input", source))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (Some(user), Some(item)) = (record.get(0), record.get(1)) else {
            return Err(CliError::failed(format!("line {line}: two columns are needed: user,item")));
        };
        let header =
            pairs.is_empty() && user.eq_ignore_ascii_case("user") && item.eq_ignore_ascii_case("item");
        if !header || line > 1 {
            pairs.push((user.to_owned(), item.to_owned()));
        }
    }
    Ok(pairs)
}

fn recommend(
    train: &[(String, String)],
    input: &[(String, String)],
    k: usize,
    output: impl Write,
) -> Result<(), CliError> {
    let (mut users, mut items) = (Names::default(), Names::default());
    let mut baskets: Vec<Vec<usize>> = Vec::new();
    for (user, item) in train {
        let (user, item) = (users.place(user), items.place(item));
        baskets.resize(users.names.len(), Vec::new());
        baskets[user].push(item);
    }
    let model = Recommender::fit(&baskets, items.names.len())
        .map_err(|error| CliError::failed(format!("cannot learn: {error}")))?;
    let known = items.names.len();
    let mut asked = Names::default();
    let mut has: Vec<Vec<usize>> = Vec::new();
    for (user, item) in input {
        let place = asked.place(user);
        if place == has.len() {
            // What the user has in the file to learn from counts, too.
            has.push(users.places.get(user).map(|user| baskets[*user].clone()).unwrap_or_default());
        }
        if !item.is_empty() {
            has[place].push(items.place(item));
        }
    }
    let mut writer = WriterBuilder::new().from_writer(BufWriter::new(output));
    let cannot_write = |source: csv::Error| CliError::because("cannot write the answer", source);
    writer.write_record(["user", "rank", "item", "score"]).map_err(cannot_write)?;
    for (user, has) in asked.names.iter().zip(&has) {
        let basket: Vec<usize> = has.iter().copied().filter(|item| *item < known).collect();
        for (rank, best) in model.recommend(&basket, k).iter().enumerate() {
            let (rank, score) = ((rank + 1).to_string(), best.score.to_string());
            writer.write_record([user, &rank, &items.names[best.item], &score]).map_err(cannot_write)?;
        }
    }
    writer.flush().map_err(|source| CliError::because("cannot write the answer", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(train: &str, input: &str, k: usize) -> Result<String, String> {
        let read = |text: &str| pairs(text.as_bytes()).map_err(|error| error.to_string());
        let mut output = Vec::new();
        recommend(&read(train)?, &read(input)?, k, &mut output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).expect("the answer is text"))
    }

    #[test]
    fn people_get_what_goes_with_what_they_have() {
        let train: String = (0..50)
            .map(|user| {
                if user % 2 == 0 {
                    format!("{user},tea\n{user},cup\n")
                } else {
                    format!("{user},nail\n{user},hammer\n")
                }
            })
            .collect();
        let text =
            answer(&format!("user,item\n{train}"), "user,item\nann,tea\nbob,nail\n", 1).expect("good files");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "user,rank,item,score");
        assert!(lines[1].starts_with("ann,1,cup,") && lines[2].starts_with("bob,1,hammer,"), "{text}");
        let old = answer(&train, "0,unheard of\n", 5).expect("good files");
        assert!(!old.contains("tea") && !old.contains("cup"), "{old}");
    }

    #[test]
    fn bad_files_are_named() {
        assert_eq!(
            answer("a\n", "", 1).expect_err("one column"),
            "line 1: two columns are needed: user,item"
        );
        assert!(answer("user,item\n", "a,b\n", 1).expect_err("nothing").starts_with("cannot learn"));
    }
}
