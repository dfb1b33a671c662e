//! `embed analogy`: what is to woman as king is to man.

use std::collections::HashSet;
use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embed::analysis::{Analogy, AnalogyMeasure, AnalogyOrigin};
use embed::topk::{Scored, TopK};
use embed::vectors::RowId;
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextOptions;
use crate::cli::args::values::at_least_one;
use crate::cli::listing::Listing;
use crate::cli::render::Column;
use crate::cli::report::ExitStatus;
use crate::cli::resolve;
use crate::cli::text_record::TextRecord;
use crate::cli::texts::Texts;
use crate::cli::usage::UsageError;

/// Add and subtract meanings: king - man + woman
#[derive(Debug, Args)]
#[command(override_usage = "embed analogy [OPTIONS] TEXT [[+|-] TEXT]...")]
#[command(after_help = "\
The answer is looked for among the texts of the index, or the lines of a word list. The terms themselves are no answers, \
nor is a text that differs from a better one in capitals only.

The score is a product of shares, (1 + cosine) / 2: those of the terms that are added, over those of the terms that are \
taken away (3CosMul); with --measure sum it is the cosine with the sum of all terms. Cosines are measured from the mean of all \
texts, so that what all have in common does not count.

Examples:
  embed analogy king - man + woman --words /usr/share/dict/words
  embed analogy \"Paris - France + Italy\" --words words.txt -k 1
  embed analogy New York - United States + France")]
pub(crate) struct AnalogyArguments {
    /// Texts, with '+' or '-' between them
    #[arg(value_name = "TEXT", required = true)]
    words: Vec<String>,
    /// Look among the texts of FILE instead of the index; repeatable ('-' is standard input)
    #[arg(long = "words", value_name = "FILE")]
    lists: Vec<PathBuf>,
    /// Results at the most
    #[arg(short = 'k', long, value_name = "K", default_value = "3", value_parser = at_least_one)]
    top_k: NonZeroUsize,
    /// How cosines with the terms become a score
    #[arg(long, value_name = "MEASURE", default_value = "product")]
    measure: Measure,
    /// Where cosines are measured from
    #[arg(long, value_name = "POINT", default_value = "mean")]
    origin: Origin,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    options: TextOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    Product,
    Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Origin {
    Mean,
    Zero,
}

#[derive(Serialize)]
struct Answer {
    rank: usize,
    score: f32,
    #[serde(flatten)]
    text: TextRecord,
}

pub(crate) fn run(arguments: &AnalogyArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let expression = Expression::parse(&arguments.words)?;
    let texts = Texts::open(&arguments.lists, &arguments.options, global)?;
    let answers = answers(arguments, global, &expression, &texts)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| {
        head.field("model", &texts.model)?.field("analogy", &expression.to_string()).map(drop)
    })?;
    for Answer { rank, score, text } in answers {
        let columns = [Column::score(score), Column::Place(text.place()), Column::Text(text.text.clone())];
        listing.add(&Answer { rank, score, text }, &columns)?;
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn answers(
    arguments: &AnalogyArguments,
    global: &GlobalArguments,
    expression: &Expression,
    texts: &Texts,
) -> anyhow::Result<Vec<Answer>> {
    let embed = |terms: &[String]| texts.embed_others(&arguments.options, global, terms);
    let analogy = Analogy {
        plus: &embed(&expression.plus)?,
        minus: &embed(&expression.minus)?,
        measure: match arguments.measure {
            Measure::Product => AnalogyMeasure::Product,
            Measure::Sum => AnalogyMeasure::Sum,
        },
        origin: match arguments.origin {
            Origin::Mean => AnalogyOrigin::Mean,
            Origin::Zero => AnalogyOrigin::Zero,
        },
    };
    let scores = analogy.scores(texts.rows()).map_err(|_| UsageError::NoDirection)?;
    let wanted = arguments.top_k.get();
    let mut looked_at = wanted.saturating_add(expression.terms().count()).saturating_mul(2);
    loop {
        let best = best_of(&scores, looked_at);
        let answers = distinct(&best, wanted, expression, texts)?;
        if answers.len() == wanted || best.len() == scores.len() {
            return Ok(answers);
        }
        looked_at = looked_at.saturating_mul(4);
    }
}

fn best_of(scores: &[f32], count: usize) -> Vec<Scored> {
    let mut best = TopK::new(count);
    for (row, &score) in (0..).zip(scores) {
        best.push(score, RowId(row));
    }
    best.into_sorted_vec()
}

/// The first `wanted` of `best` that are neither a term nor, but for capitals, a text before them.
fn distinct(
    best: &[Scored],
    wanted: usize,
    expression: &Expression,
    texts: &Texts,
) -> anyhow::Result<Vec<Answer>> {
    let positions: Vec<u32> = best.iter().map(|scored| scored.row.0).collect();
    let mut seen: HashSet<String> = expression.terms().map(|term| term.to_lowercase()).collect();
    let new =
        texts.at(&positions)?.into_iter().zip(best).filter(|(text, _)| seen.insert(text.text.to_lowercase()));
    let ranked = (1..).zip(new.take(wanted));
    Ok(ranked.map(|(rank, (text, scored))| Answer { rank, score: scored.score, text }).collect())
}

/// What is added up.
#[derive(Debug, PartialEq, Eq)]
struct Expression {
    plus: Vec<String>,
    minus: Vec<String>,
}

impl Expression {
    /// Reads texts with signs between them; words without a sign between them are one text. A single argument is cut
    /// at white space.
    fn parse(arguments: &[String]) -> Result<Self, UsageError> {
        let words: Vec<&str> = arguments.iter().flat_map(|argument| argument.split_whitespace()).collect();
        let mut expression = Self { plus: Vec::new(), minus: Vec::new() };
        let mut sign = None;
        let mut text: Vec<&str> = Vec::new();
        for word in words {
            match word {
                "+" | "-" => {
                    let next = if word == "+" { '+' } else { '-' };
                    if !text.is_empty() {
                        expression.add(sign.take(), &std::mem::take(&mut text));
                    } else if sign.is_some() || !expression.plus.is_empty() {
                        return Err(UsageError::LoneSign { sign: next, place: "before" });
                    }
                    sign = Some(next);
                }
                _ => text.push(word),
            }
        }
        match (text.is_empty(), sign) {
            (true, Some(sign)) => Err(UsageError::LoneSign { sign, place: "after" }),
            (true, None) => Err(UsageError::EmptyText),
            (false, sign) => {
                expression.add(sign, &text);
                Ok(expression)
            }
        }
    }

    fn add(&mut self, sign: Option<char>, words: &[&str]) {
        let side = if sign == Some('-') { &mut self.minus } else { &mut self.plus };
        side.push(words.join(" "));
    }

    fn terms(&self) -> impl Iterator<Item = &String> {
        self.plus.iter().chain(&self.minus)
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.plus.join(" + "))?;
        for text in &self.minus {
            write!(formatter, " - {text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let parsed = Expression::parse(&arguments).map_err(|error| error.to_string())?;
        Ok((parsed.plus, parsed.minus))
    }

    fn texts(plus: &[&str], minus: &[&str]) -> (Vec<String>, Vec<String>) {
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        (strings(plus), strings(minus))
    }

    #[test]
    fn signs_part_texts_in_one_argument_or_in_many() {
        let expected = Ok(texts(&["king", "woman"], &["man"]));
        assert_eq!(parse(&["king", "-", "man", "+", "woman"]), expected);
        assert_eq!(parse(&["king - man + woman"]), expected);
        assert_eq!(parse(&["-", "man", "+", "king", "+", "woman"]), expected);
        assert_eq!(parse(&["New", "York", "-", "well-known"]), Ok(texts(&["New York"], &["well-known"])));
    }

    #[test]
    fn a_sign_without_a_text_on_either_side_is_told() {
        for (arguments, message) in [
            (&["king", "-"][..], "no text stands after the '-'"),
            (&["king", "-", "+", "man"], "no text stands before the '+'"),
            (&["-"], "no text stands after the '-'"),
            (&["+", "+", "king"], "no text stands before the '+'"),
            (&["  "], "a text is empty"),
        ] {
            assert_eq!(parse(arguments), Err(message.to_owned()), "{arguments:?}");
        }
    }
}
